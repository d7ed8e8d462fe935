/* SPDX-License-Identifier: MIT */
/* Timers ring by the real clock's interrupt; the queue of timers is tested in tests/host/lib. */
#include "base/timerq.h"

#include "arch/irqflags.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "proc/kthread.h"
#include "tests/kernel/ktest.h"

#define TIMERS 8

struct alarm {
	struct timer timer;
	unsigned number;
	uint64_t rang; /* the tick; 0: not yet */
};

static struct alarm alarms[TIMERS];
static unsigned rung[TIMERS * 2], nrung;
static bool in_interrupt;

static void ring(struct timer *timer)
{
	struct alarm *alarm = container_of(timer, struct alarm, timer);

	alarm->rang = arch_time();
	if (nrung < ARRAY_SIZE(rung))
		rung[nrung] = alarm->number;
	in_interrupt = !arch_irq_enabled() && hart_this()->in_interrupt;
	__atomic_fetch_add(&nrung, 1, __ATOMIC_RELEASE);
}

static void begin(void)
{
	nrung = 0;
	for (unsigned i = 0; i < TIMERS; i++) {
		alarms[i] = (struct alarm){ .number = i };
		timer_init(&alarms[i].timer, ring);
	}
}

/* Until n have rung, or time is up. */
static void await(unsigned n)
{
	uint64_t limit = arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC);

	while (__atomic_load_n(&nrung, __ATOMIC_ACQUIRE) < n && arch_time() < limit)
		;
}

/* A hart that waits for a lock sleeps so, whatever timers it has. */
KTEST(timers_ring_after_a_wait_until_a_tick)
{
	uint64_t ms = clock_ns_to_ticks(NSEC_PER_SEC / 1000);
	uint64_t start, end;
	unsigned long flags;

	begin();
	flags = irq_save();
	start = arch_time();
	end = start + 2 * ms;
	timer_arm(&alarms[0].timer, start + 4 * ms);
	while (arch_time() < end)
		arch_hart_wait_until(end);
	EXPECT_TRUE(!arch_irq_enabled());
	EXPECT_EQ(0u, nrung);
	irq_restore(flags);
	await(1);
	EXPECT_EQ(1u, nrung);
	EXPECT_TRUE(alarms[0].rang >= start + 4 * ms);
	(void)timer_cancel(&alarms[0].timer);
}

KTEST(timers_ring_in_the_order_of_their_deadlines)
{
	static const unsigned order[TIMERS] = { 3, 0, 7, 5, 1, 6, 2, 4 };
	uint64_t start = arch_time() + clock_ns_to_ticks(1000000), step = clock_ns_to_ticks(200000);
	unsigned long flags;

	begin();
	flags = arch_irq_save(); /* none rings before all are armed, however slow the machine */
	for (unsigned i = 0; i < TIMERS; i++)
		timer_arm(&alarms[order[i]].timer, start + order[i] * step);
	arch_irq_restore(flags);
	await(TIMERS);
	EXPECT_EQ(TIMERS, nrung);
	EXPECT_TRUE(in_interrupt);
	for (unsigned i = 0; i < TIMERS; i++) {
		EXPECT_EQ(i, rung[i]);
		EXPECT_TRUE(alarms[i].rang >= start + i * step);
	}
}

KTEST(timers_with_a_deadline_that_is_over_ring_at_once)
{
	begin();
	timer_arm(&alarms[0].timer, 0);
	await(1);
	EXPECT_EQ(1, nrung);
}

/* ---- one that is cancelled while its function runs on another hart ---- */

/*
 * How long the function waits for the cancel, which comes at once from another hart, and how long it then goes on: much
 * longer than a cancel takes that does not wait.
 */
#define ASK_NS	(NSEC_PER_SEC / 100)
#define SLOW_NS (NSEC_PER_SEC / 10000)

static struct timer slow;
static uint32_t slow_begun, slow_asked, slow_over; /* atomic */

static void ring_slowly(struct timer *timer)
{
	uint64_t end = arch_time() + clock_ns_to_ticks(ASK_NS);

	(void)timer;
	atomic_store(&slow_begun, 1);
	while (!atomic_load(&slow_asked) && arch_time() < end)
		spin_pause();
	end = arch_time() + clock_ns_to_ticks(SLOW_NS);
	while (arch_time() < end)
		spin_pause();
	atomic_store(&slow_over, 1);
}

static void arm_slow(void *arg)
{
	(void)arg;
	timer_arm(&slow, 0);
	while (!atomic_load(&slow_over))
		spin_pause();
}

/* Who cancels a timer may free it, and what its function uses. */
KTEST(timers_cancel_waits_for_the_function_on_another_hart)
{
	if (hart_count == 1) {
		ktest_skip("with one hart, no function runs meanwhile");
		return;
	}
	slow_begun = slow_asked = slow_over = 0;
	timer_init(&slow, ring_slowly);
	ASSERT_TRUE(kthread_spawn("test", arm_slow, NULL));
	while (!atomic_load(&slow_begun))
		spin_pause();
	atomic_store(&slow_asked, 1);
	EXPECT_TRUE(!timer_cancel(&slow));
	EXPECT_TRUE(atomic_load(&slow_over));
	ktest_settle();
}
