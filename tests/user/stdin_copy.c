/* SPDX-License-Identifier: MIT */
/* R25: reads standard input to its end, in odd pieces into untouched memory, and tells what it
 * was. */
#include "t.h"

int main(void)
{
	char *p = anon(64 * PAGE);
	size_t at = 0, lines = 0;
	unsigned long sum = 0;
	ssize_t n;

	for (size_t step = 1; (n = read(0, p + at, step)) > 0; at += (size_t)n)
		step = step * 5 % 8191 + 1;
	for (size_t i = 0; i < at; i++) {
		lines += p[i] == '\n';
		sum += (unsigned char)p[i] * (unsigned long)(i % 1009 + 1);
	}
	say("%zu bytes, %zu lines, sum %lu, then %zd\n", at, lines, sum, n);
	TRY(read(0, p, 1));
	TRY(write(STDOUT_FILENO, p, at) == (ssize_t)at);
	return 0;
}
