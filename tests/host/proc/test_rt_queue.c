/* SPDX-License-Identifier: MIT */
/* In which order threads of real-time policies run, and how much of a hart's time they have while others are ready. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "proc/priority.h"
#include "proc/rt_queue.h"

#define MS 1000000ul

uint64_t fake_time;

/* One computes for ever, with a tick every so many milliseconds. Returns at how many of these ticks it had to stop. */
static unsigned stops(unsigned ticks, unsigned every_ms)
{
	struct rt_queue queue;
	unsigned n = 0;

	rt_queue_init(&queue);
	for (unsigned i = 0; i < ticks; i++) {
		fake_time += clock_ns_to_ticks(every_ms * MS);
		rt_tick(&queue, !queue.throttled);
		n += queue.throttled;
	}
	return n;
}

static void one_of_twenty_ticks_is_for_others(void **state)
{
	assert_int_equal(50, stops(1000, SLICE_MS));
}

/* So they are where the machine that runs this one has much else to do. */
static void ticks_may_all_be_late(void **state)
{
	assert_int_equal(50, stops(1000, SLICE_MS + 1));
	assert_int_equal(50, stops(1000, 3 * SLICE_MS));
	assert_int_equal(50, stops(1000, 2 * RT_PERIOD_MS));
}

static void time_of_others_is_not_counted(void **state)
{
	struct rt_queue queue;

	rt_queue_init(&queue);
	for (unsigned i = 0; i < 1000; i++) {
		fake_time += clock_ns_to_ticks(SLICE_MS * MS);
		rt_tick(&queue, i % 2);
		assert_false(queue.throttled);
	}
}

static struct thread threads[6];

/* An empty queue, and threads that are in none. */
static void start(struct rt_queue *queue)
{
	memset(threads, 0, sizeof(threads));
	rt_queue_init(queue);
}

static void enqueue(struct rt_queue *queue, unsigned i, unsigned priority, bool ahead)
{
	threads[i].runs_as.rt_priority = (uint8_t)priority;
	rt_enqueue(queue, &threads[i], ahead);
	assert_true(threads[i].by_priority);
}

/* The queue has these threads, by number, up to a negative one. */
static void assert_order(const struct rt_queue *queue, const int *order)
{
	struct thread *thread = rt_first(queue);

	for (; *order >= 0; order++, thread = rt_next(thread))
		assert_ptr_equal(&threads[*order], thread);
	assert_null(thread);
}

static void the_highest_priority_is_first(void **state)
{
	struct rt_queue queue;

	start(&queue);
	assert_order(&queue, (int[]){ -1 });
	enqueue(&queue, 0, 50, false);
	enqueue(&queue, 1, 99, false);
	enqueue(&queue, 2, 1, false);
	enqueue(&queue, 3, 50, false); /* behind its equal */
	assert_order(&queue, (int[]){ 1, 0, 3, 2, -1 });
	enqueue(&queue, 4, 50, true); /* ahead of its equals, not of who is above them */
	assert_order(&queue, (int[]){ 1, 4, 0, 3, 2, -1 });
	enqueue(&queue, 5, 99, true);
	assert_order(&queue, (int[]){ 5, 1, 4, 0, 3, 2, -1 });
}

static void who_goes_leaves_the_others_in_order(void **state)
{
	struct rt_queue queue;

	start(&queue);
	for (unsigned i = 0; i < 6; i++)
		enqueue(&queue, i, 10 + i % 2, false);
	assert_order(&queue, (int[]){ 1, 3, 5, 0, 2, 4, -1 });
	rt_dequeue(&queue, &threads[1]); /* the first */
	assert_false(threads[1].by_priority);
	rt_dequeue(&queue, &threads[0]);
	rt_dequeue(&queue, &threads[4]); /* the last */
	assert_order(&queue, (int[]){ 3, 5, 2, -1 });
	enqueue(&queue, 1, 11, false);
	assert_order(&queue, (int[]){ 3, 5, 1, 2, -1 });
	for (unsigned i = 1; i <= 5; i++) {
		if (threads[i].by_priority)
			rt_dequeue(&queue, &threads[i]);
	}
	assert_order(&queue, (int[]){ -1 });
}

static void ranks_are_those_of_linux(void **state)
{
	assert_int_equal(0, priority_rank(&(struct sched_wish){ .nice = NICE_MIN }));
	assert_int_equal(20, priority_rank(&(struct sched_wish){ .any = 0 }));
	assert_int_equal(39, priority_rank(&(struct sched_wish){ .nice = NICE_MAX }));
	assert_int_equal(-2, priority_rank(&(struct sched_wish){ .rt_priority = 1 }));
	assert_int_equal(-1 - RT_PRIORITY_MAX,
			 priority_rank(&(struct sched_wish){ .rt_priority = RT_PRIORITY_MAX }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_priority_is_first),
		cmocka_unit_test(who_goes_leaves_the_others_in_order),
		cmocka_unit_test(ranks_are_those_of_linux),
		cmocka_unit_test(one_of_twenty_ticks_is_for_others),
		cmocka_unit_test(ticks_may_all_be_late),
		cmocka_unit_test(time_of_others_is_not_counted),
	};

	clock_init(10000000);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rt_queue", tests, NULL, NULL);
}
