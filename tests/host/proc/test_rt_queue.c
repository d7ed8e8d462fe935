/* SPDX-License-Identifier: MIT */
/* How much of a hart's time threads of real-time policies have while others are ready. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_twenty_ticks_is_for_others),
		cmocka_unit_test(ticks_may_all_be_late),
		cmocka_unit_test(time_of_others_is_not_counted),
	};

	clock_init(10000000);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rt_queue", tests, NULL, NULL);
}
