/* SPDX-License-Identifier: MIT */
/* The hart's clock and its one deadline. */
#pragma once

#include "lib/types.h"

/*
 * arch-impl/timer.h supplies:
 *   uint64_t arch_time(void)          ticks of the timebase since some start, the same on all harts
 *   uint64_t arch_instructions(void)  instructions that this hart has executed, or what the machine
 *                                     counts in their place; only differences mean something
 */
#include "arch-impl/timer.h"

/* Chooses the timer of this hart: Sstc or SBI. */
void arch_timer_init(void);

/*
 * Requests trap_timer() at or after that tick; UINT64_MAX: never. Replaces the last deadline. If
 * the deadline is years away, trap_timer() may come before it, years from now.
 */
void arch_timer_set(uint64_t deadline_ticks);

/*
 * Waits until that tick, or less long: an interrupt that is pending ends it. None is taken meanwhile. The tick replaces the
 * deadline, so that trap_timer(), which comes then, has to set it again.
 */
void arch_hart_wait_until(uint64_t ticks);
