/* SPDX-License-Identifier: MIT */
/* Timers ring by the real clock's interrupt; the queue of timers is tested in tests/host/lib. */
#include "base/timerq.h"

#include "arch/irqflags.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
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
