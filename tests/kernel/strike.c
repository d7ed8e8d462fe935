/* SPDX-License-Identifier: MIT */
/* A timer that rings after a given number of instructions. */
#include "tests/kernel/strike.h"

#include "arch/irqflags.h"
#include "base/clock.h"
#include "lib/bits.h"

/*
 * Under -icount shift=0 an instruction takes a nanosecond. The timebase has ticks of a hundred, and
 * a deadline is a whole tick: so the caller goes on at the right place within a tick. How far the
 * clock is ahead of the count of instructions is a fixed number of nanoseconds, until the idle
 * hart lets the clock jump. It lies in [ahead_min, ahead_max], which each look at both narrows.
 */
static int64_t ahead_min = 0, ahead_max = -1;

#define LOOKS	   400
#define LEAD_TICKS 60 /* enough to arm a timer in */
#define NEAR	   24 /* instructions: more than a turn of the loop that waits */

static int64_t tick_ns(void)
{
	return (int64_t)clock_ticks_to_ns(1);
}

static void __attribute__((noinline)) look(void)
{
	int64_t count = (int64_t)arch_instructions();
	int64_t from = (int64_t)arch_time() * tick_ns() - count, to = from + tick_ns() - 1;

	if (from > ahead_max || to < ahead_min) {
		ahead_min = from;
		ahead_max = to;
		return;
	}
	ahead_min = MAX(ahead_min, from);
	ahead_max = MIN(ahead_max, to);
}

/* Reads of the clock: an instruction each. */
#define READ(n)                    \
	case n:                    \
		(void)arch_time(); \
		__attribute__((fallthrough))

static void __attribute__((noinline)) pass(uint64_t instructions)
{
	switch (instructions) {
		READ(24);
		READ(23);
		READ(22);
		READ(21);
		READ(20);
		READ(19);
		READ(18);
		READ(17);
		READ(16);
		READ(15);
		READ(14);
		READ(13);
		READ(12);
		READ(11);
		READ(10);
		READ(9);
		READ(8);
		READ(7);
		READ(6);
		READ(5);
		READ(4);
		READ(3);
		READ(2);
		READ(1);
	default:
		break;
	}
}

/* The looks come at other places of the tick each time. Interrupts must be off. */
static bool find_ahead(void)
{
	look();
	look();
	for (unsigned i = 0; i < LOOKS && ahead_min != ahead_max; i++) {
		pass(i * i % 23);
		look();
	}
	return ahead_min == ahead_max;
}

bool strike_is_exact(void)
{
	uint64_t ticks = 1000, begin = arch_time(), count, passed;
	unsigned long flags = arch_irq_save();

	while (arch_time() == begin)
		;
	begin = arch_time();
	count = arch_instructions();
	while (arch_time() - begin < ticks)
		;
	passed = arch_instructions() - count;
	arch_irq_restore(flags);
	return passed + 200 > ticks * (uint64_t)tick_ns() &&
	       passed < ticks * (uint64_t)tick_ns() + 200;
}

/* Returns when that many instructions have been executed: exactly, if it is called early enough. */
static void wait_for(uint64_t instructions)
{
	while (arch_instructions() + NEAR < instructions)
		;
	pass(instructions - arch_instructions());
}

/*
 * QEMU's timer rings a whole number of ticks after the deadline was set, not at a tick's beginning:
 * so it is set at the same place of a tick each time.
 */
uint64_t strike_after(struct timer *timer, uint64_t n)
{
	unsigned long flags = arch_irq_save();
	bool exact = find_ahead();
	uint64_t ns = (uint64_t)tick_ns(), ahead = (uint64_t)ahead_min;
	uint64_t deadline = arch_time() + 2 * LEAD_TICKS + n / ns;
	uint64_t begin = deadline * ns - ahead - n;

	timer_arm(timer, deadline);
	if (exact) {
		wait_for((arch_time() + 2) * ns + ns / 2 - ahead);
		arch_timer_set(deadline);
		wait_for(begin);
	}
	arch_irq_restore(flags);
	return begin;
}
