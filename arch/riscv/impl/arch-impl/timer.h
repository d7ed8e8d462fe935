/* RISC-V: the time CSR. */
#pragma once

#include "lib/types.h"

static inline uint64_t arch_time(void)
{
	uint64_t ticks;

	__asm__ volatile("csrr %0, time" : "=r"(ticks));
	return ticks;
}
