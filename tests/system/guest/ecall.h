/* SPDX-License-Identifier: MIT */
/* System calls of any number, and what the kernel itself answers. */
#pragma once

/* A system call as the kernel answers it; no errno, which lies in memory. */
static inline long call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long a0 asm("a0") = a;
	register long a1 asm("a1") = b;
	register long a2 asm("a2") = c;
	register long a3 asm("a3") = d;
	register long a4 asm("a4") = e;
	register long a5 asm("a5") = f;
	register long a7 asm("a7") = nr;

	asm volatile("ecall"
		     : "+r"(a0)
		     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
		     : "memory");
	return a0;
}

/* A system call with arguments of no type. */
static inline long ecall(long nr, const uint64_t arg[6])
{
	return call6(nr, (long)arg[0], (long)arg[1], (long)arg[2], (long)arg[3], (long)arg[4],
		     (long)arg[5]);
}
