/* SPDX-License-Identifier: MIT */
/* Splits a sequence of NUL-terminated strings. */
#include "lib/strings.h"

#include "abi/errno.h"

long strings_split(char *bytes, long n, char **at, long max)
{
	long count = 0;

	bytes[n] = '\0';
	for (char *p = bytes; p < bytes + n; p++) {
		if (count == max)
			return -E2BIG;
		at[count++] = p;
		while (*p)
			p++;
	}
	at[count] = 0;
	return count;
}
