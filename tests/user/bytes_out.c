/* SPDX-License-Identifier: MIT */
/* Every byte value to standard output and error, NUL and CR included, in pieces of odd size, in
 * order. */
#include "t.h"

static unsigned char buf[10000];

int main(void)
{
	size_t step = 1;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (unsigned char)(i < 256 ? i : i * 31 + i / 256);
	for (size_t at = 0; at < sizeof(buf); at += step, step = step * 3 % 997 + 1) {
		size_t n = sizeof(buf) - at < step ? sizeof(buf) - at : step;

		if (write(1, buf + at, n) != (ssize_t)n ||
		    write(2, buf + sizeof(buf) - at - n, n) != (ssize_t)n)
			return 1;
	}
	return 0;
}
