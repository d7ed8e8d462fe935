/* SPDX-License-Identifier: MIT */
/* A timer that rings after a given number of instructions, exactly so where the clock counts them. */
#pragma once

#include "base/timerq.h"

/* The clock counts instructions: the machine runs with -icount. */
bool strike_is_exact(void);

/*
 * Arms the timer and returns n instructions before it rings, give or take a fixed number. Where the
 * clock is another one, n nanoseconds or later. Returns arch_instructions() at its return.
 */
uint64_t strike_after(struct timer *timer, uint64_t n);
