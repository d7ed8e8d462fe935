/* SPDX-License-Identifier: MIT */
/* The counter of instructions, where it counts them: emulators count the host's time, unless run.sh has --icount. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#if defined(__riscv)
static inline uint64_t counter_read(void)
{
	uint64_t n;

	__asm__ volatile("rdinstret %0" : "=r"(n)::"memory");
	return n;
}
#else
static inline uint64_t counter_read(void)
{
	return 0;
}
#endif

/* Has a child try the counter: whether it can be read, and counts instructions. Linux may kill a process that reads it. */
bool counter_is_exact(void);
