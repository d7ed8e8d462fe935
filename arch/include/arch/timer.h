/* SPDX-License-Identifier: MIT */
/* The hart's clock and its one deadline. */
#pragma once

#include "lib/types.h"

/*
 * arch-impl/timer.h supplies uint64_t arch_time(void): ticks of the timebase since some start, the
 * same on all harts; and uint64_t arch_instructions(void): instructions that this hart has executed,
 * or what the machine counts in their place: for differences.
 */
#include "arch-impl/timer.h"

/* Chooses the kind of timer (Sstc or SBI) for this hart. */
void arch_timer_init(void);

/*
 * Asks for trap_timer() at or after that tick; UINT64_MAX: never. Replaces the deadline before it.
 */
void arch_timer_set(uint64_t deadline_ticks);
