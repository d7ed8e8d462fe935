/* SPDX-License-Identifier: MIT */
/* Timers and the clock: deadlines, order, cancelling from everywhere, conversions at the edges. */
#include <string.h>

#include "abi/vdso.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/panic.h"
#include "machine.h"
#include "test.h"

#define TIMERS 64

struct bell {
	struct timer timer;
	unsigned rung;
	uint64_t rung_at;
};

/* base/panic.c is not in this test. */
bool panic_begun(void)
{
	return false;
}

static struct bell bells[TIMERS];
static struct bell *last_rung;
static struct bell *to_cancel;
static uint64_t again_after;

static void ring(struct timer *timer)
{
	struct bell *bell = container_of(timer, struct bell, timer);

	assert_false(arch_irq_enabled());
	bell->rung++;
	bell->rung_at = fake_time;
	last_rung = bell;
	if (to_cancel != NULL)
		timer_cancel(&to_cancel->timer);
	if (again_after != 0)
		timer_arm(timer, fake_time + again_after);
}

/* Lets the time pass; the interrupt comes as long as it is due. */
static void pass_to(uint64_t time)
{
	fake_time = time;
	while (machine_deadline <= time) {
		unsigned long flags = arch_irq_save();

		timerq_run();
		arch_irq_restore(flags);
	}
}

void test_setup(void)
{
	hart_init(0);
	for (unsigned i = 0; i < TIMERS; i++)
		timer_init(&bells[i].timer, ring);
	pass_to(1);
}

/* R130 */
TEST(one_interrupt_rings_few)
{
	uint64_t time = fake_time + 10;
	unsigned rung = 0, interrupts = 0;

	for (unsigned i = 0; i < TIMERS; i++)
		timer_arm(&bells[i].timer, time);
	fake_time = time;
	for (; machine_deadline <= time; interrupts++) {
		unsigned long flags = arch_irq_save();
		unsigned before = rung;

		timerq_run();
		arch_irq_restore(flags);
		for (rung = 0; rung < TIMERS && bells[rung].rung; rung++)
			;
		assert_in_range(rung - before, 1, 4);
	}
	assert_int_equal(TIMERS, rung);
}

/* R130. In order of their deadlines: 2 that are not, 3 that are, and 4 that are not. */
TEST(one_that_is_alone_has_an_interrupt_of_its_own)
{
	static const unsigned rung_by[] = { 2, 3, 4, 5, 9 };
	uint64_t time = fake_time + 10;

	for (unsigned i = 2; i < 5; i++)
		timer_init_alone(&bells[i].timer, ring);
	for (unsigned i = 0; i < 9; i++)
		timer_arm(&bells[i].timer, time);
	fake_time = time;
	for (unsigned i = 0; i < sizeof(rung_by) / sizeof(rung_by[0]); i++) {
		unsigned long flags = arch_irq_save();
		unsigned rung = 0;

		assert_int_equal(time, machine_deadline);
		timerq_run();
		arch_irq_restore(flags);
		for (unsigned k = 0; k < TIMERS; k++)
			rung += bells[k].rung;
		assert_int_equal(rung_by[i], rung);
	}
	assert_true(machine_deadline == UINT64_MAX);
}

TEST(rings_once_at_its_time)
{
	uint64_t now = fake_time;

	timer_arm(&bells[0].timer, now + 10);
	assert_int_equal(now + 10, machine_deadline);
	pass_to(now + 9);
	assert_int_equal(0, bells[0].rung);
	pass_to(now + 10);
	assert_int_equal(1, bells[0].rung);
	assert_true(timerq_next() == UINT64_MAX);
	assert_true(machine_deadline == UINT64_MAX);
	assert_false(timer_cancel(&bells[0].timer));
}

TEST(a_deadline_that_the_machine_forgot)
{
	uint64_t now = fake_time;

	timerq_rearm();
	assert_true(machine_deadline == UINT64_MAX);
	timer_arm(&bells[0].timer, now + 10);
	timer_arm(&bells[1].timer, now + 20);
	machine_deadline = UINT64_MAX;
	timerq_rearm();
	assert_int_equal(now + 10, machine_deadline);
	pass_to(now + 20);
	assert_int_equal(2, bells[0].rung + bells[1].rung);
}

TEST(in_order_of_deadlines)
{
	uint64_t now = fake_time;

	timer_arm(&bells[0].timer, now + 30);
	timer_arm(&bells[1].timer, now + 10);
	timer_arm(&bells[2].timer, now + 20);
	timer_arm(&bells[3].timer, now + 20);
	assert_int_equal(now + 10, machine_deadline);
	pass_to(now + 20);
	assert_ptr_equal(&bells[3], last_rung);
	assert_int_equal(3, bells[1].rung + bells[2].rung + bells[3].rung);
	assert_int_equal(now + 30, machine_deadline);
	pass_to(now + 30);
	assert_ptr_equal(&bells[0], last_rung);
}

TEST(move_and_cancel)
{
	uint64_t now = fake_time;

	timer_arm(&bells[0].timer, now + 10);
	timer_arm(&bells[0].timer, now + 20);
	pass_to(now + 15);
	assert_int_equal(0, bells[0].rung);
	assert_true(timer_cancel(&bells[0].timer));
	assert_false(timer_cancel(&bells[0].timer));
	pass_to(now + 25);
	assert_int_equal(0, bells[0].rung);
}

TEST(past_deadline)
{
	timer_arm(&bells[0].timer, 0);
	pass_to(fake_time);
	assert_int_equal(1, bells[0].rung);
}

TEST(cancel_inside_fn)
{
	uint64_t now = fake_time;

	timer_arm(&bells[0].timer, now + 1);
	timer_arm(&bells[1].timer, now + 1);
	to_cancel = &bells[1];
	pass_to(now + 1);
	assert_int_equal(1, bells[0].rung);
	assert_int_equal(0, bells[1].rung);
	/* itself: no waiting for itself */
	to_cancel = &bells[0];
	timer_arm(&bells[0].timer, now + 2);
	pass_to(now + 2);
	assert_int_equal(2, bells[0].rung);
}

TEST(rearm_inside_fn)
{
	uint64_t now = fake_time;

	again_after = 5;
	timer_arm(&bells[0].timer, now + 5);
	for (uint64_t t = now; t <= now + 50; t++)
		pass_to(t);
	assert_int_equal(10, bells[0].rung);
	assert_true(timer_cancel(&bells[0].timer));
}

TEST(random_against_model)
{
	static uint64_t model[TIMERS]; /* the deadline; 0: not armed */

	for (unsigned step = 0; step < test_steps(20000); step++) {
		unsigned i = (unsigned)test_below(TIMERS);
		uint64_t next = UINT64_MAX;

		if (test_below(3)) {
			model[i] = fake_time + 1 + test_below(100);
			timer_arm(&bells[i].timer, model[i]);
		} else {
			assert_int_equal(model[i] != 0, timer_cancel(&bells[i].timer));
			model[i] = 0;
		}
		pass_to(fake_time + test_below(8));
		for (i = 0; i < TIMERS; i++) {
			if (model[i] != 0 && model[i] <= fake_time) {
				assert_int_equal(fake_time, bells[i].rung_at);
				model[i] = 0;
			}
			if (model[i] != 0)
				next = MIN(next, model[i]);
			assert_int_equal(model[i] != 0, bells[i].timer.armed);
		}
		assert_int_equal(next, timerq_next());
	}
}

static struct hart *other;

/* As another hart does while fn runs on this one. */
static void arm_elsewhere(struct timer *timer)
{
	struct hart *here = arch_this_hart();
	struct bell *bell = container_of(timer, struct bell, timer);

	if (bell->rung++)
		return;
	arch_hart_set(other);
	timer_arm(timer, fake_time + 5);
	arch_hart_set(here);
	assert_ptr_equal(&here->timers, timer->queue);
	assert_ptr_equal(timer, timer->queue->running);
}

/* Who arms a timer while its fn runs on another hart, and then cancels it, must find that fn runs: else it frees the timer. */
TEST(timer_that_is_armed_elsewhere_while_fn_runs)
{
	struct bell *bell = &bells[0];

	other = hart_prepare(1);
	hart_add(other);
	timer_init(&bell->timer, arm_elsewhere);
	timer_arm(&bell->timer, fake_time + 5);
	pass_to(fake_time + 5);
	assert_int_equal(1, bell->rung);
	assert_int_equal(fake_time + 5, timerq_next());
	pass_to(fake_time + 5);
	assert_int_equal(2, bell->rung);
	/* Afterwards it moves. */
	arch_hart_set(other);
	timer_arm(&bell->timer, fake_time + 5);
	assert_ptr_equal(&other->timers, bell->timer.queue);
	assert_true(timer_cancel(&bell->timer));
	arch_hart_set(&harts[0]);
	assert_int_equal(UINT64_MAX, timerq_next());
}

TEST(clock)
{
	fake_time += 12345;
	clock_init(10000000);
	assert_int_equal(0, clock_ns());
	fake_time += 3;
	assert_int_equal(300, clock_ns());
	assert_int_equal(fake_time, clock_deadline(300));
	assert_int_equal(fake_time + 1, clock_deadline(301));
	assert_int_equal(1, clock_ns_to_ticks(1));
	assert_int_equal(0, clock_ns_to_ticks(0));
	assert_true(clock_deadline(UINT64_MAX) > fake_time);
	assert_int_equal(fake_time, clock_deadline_in(0));
	assert_int_equal(fake_time + 4, clock_deadline_in(301));
	assert_true(clock_deadline_in(UINT64_MAX) > fake_time);
	assert_int_equal(300, clock_wall_ns());
	clock_set_wall(1700000000ul * NSEC_PER_SEC);
	fake_time += 10000000;
	assert_int_equal(1700000001ul * NSEC_PER_SEC, clock_wall_ns());
}

TEST(clock_of_odd_frequency)
{
	clock_init(32768);
	assert_int_equal(NSEC_PER_SEC, clock_ticks_to_ns(32768));
	assert_int_equal(30517, clock_ticks_to_ns(1));
	assert_int_equal(1, clock_ns_to_ticks(30517));
	assert_int_equal(2, clock_ns_to_ticks(30518));
	assert_true(clock_ticks_to_ns(UINT64_MAX) == UINT64_MAX);
	clock_init(3000000000u);
	assert_true(clock_deadline_in(UINT64_MAX) == UINT64_MAX);
	assert_int_equal(1, clock_ticks_to_ns(3));
	assert_true(clock_ns_to_ticks(UINT64_MAX) == UINT64_MAX);
	/* hundreds of years */
	assert_int_equal(5000000000ul * NSEC_PER_SEC,
			 clock_ticks_to_ns(3000000000ul * 5000000000ul));
	assert_true(panics(clock_init(0)));
}

/* Programs work out the time as the kernel does, to the nanosecond. */
TEST(clock_of_vdso_is_the_kernels)
{
	static const uint64_t rates[] = { 1,	    7,	      32768,	 3000000,    10000000,
					  24000000, 27000000, 100000000, 1000000000, 3000000000 };
	struct vdso_data data;

	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		const uint64_t start = fake_time;

		clock_init(rates[i]);
		vdso_data_begin(&data, clock_deadline(0), clock_timebase());
		for (uint64_t ticks = 0;
		     ticks / rates[i] < 500ul * 366 * 24 * 3600 && ticks < INT64_MAX;
		     ticks += ticks / 7 + 1)
			assert_int_equal(clock_ns_at(start + ticks),
					 vdso_data_ns(&data, start + ticks));
	}
}

/* Where the setting of the wall clock is kept changes nothing, and there is one only. */
TEST(clock_moves_its_setting)
{
	static uint64_t there;
	uint64_t before;

	clock_init(10000000);
	clock_set_wall(1700000000ul * NSEC_PER_SEC);
	before = clock_wall_ns();
	clock_move_wall(&there);
	assert_int_equal(before, clock_wall_ns());
	assert_int_equal(1700000000ul * NSEC_PER_SEC, there);
	clock_set_wall(1800000000ul * NSEC_PER_SEC);
	assert_int_equal(1800000000ul * NSEC_PER_SEC, there);
	there += 5;
	assert_int_equal(1800000000ul * NSEC_PER_SEC + 5, clock_wall_ns());
	assert_int_equal(1800000000ul * NSEC_PER_SEC + 5, clock_wall_ns_at(fake_time));
	assert_int_equal(0, clock_wall_to_boot(1800000000ul * NSEC_PER_SEC + 5));
}
