/* SPDX-License-Identifier: MIT */
/* The few helpers of the tests that have no C library: text and numbers to standard output. NOLIB */
#ifndef TESTS_USER_NOLIB_H
#define TESTS_USER_NOLIB_H

#include "lib/sys.h"

#include "abi/mman.h"

#define PAGE 4096ul

__attribute__((unused)) static void put(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	sys_write(1, s, n);
}

__attribute__((unused)) static void put_number(const char *before, long v, const char *after)
{
	char digits[24], *p = digits + sizeof(digits) - 1;
	unsigned long u = v < 0 ? -(unsigned long)v : (unsigned long)v;

	*p = '\0';
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	put(before);
	put(p);
	put(after);
}

__attribute__((unused)) static char *map_anon(unsigned long len)
{
	long p = sys_call(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p < 0 && p > -4096) {
		put_number("mmap: ", p, "\n");
		sys_exit(98);
	}
	return (char *)p;
}

#endif
