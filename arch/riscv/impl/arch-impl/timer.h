/* SPDX-License-Identifier: MIT */
/* RISC-V: the time and instret CSRs. */
#pragma once

#include "lib/types.h"

static inline uint64_t arch_time(void)
{
	uint64_t ticks;

	__asm__ volatile("csrr %0, time" : "=r"(ticks));
	/* cppcheck-suppress uninitvar ; the instruction writes it */
	return ticks;
}

static inline uint64_t arch_instructions(void)
{
	uint64_t count;

	__asm__ volatile("csrr %0, instret" : "=r"(count));
	/* cppcheck-suppress uninitvar ; the instruction writes it */
	return count;
}
