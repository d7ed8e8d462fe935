/* SPDX-License-Identifier: MIT */
/* R11 R50 R51 R53: 96 MiB of BSS, read through (one zero page does), then written through, each
 * page its own. */
#include "t.h"

#define SIZE (96 * MIB)

static char bss[SIZE];

int main(void)
{
	volatile long *word = (volatile long *)bss;
	unsigned long sum = 0, n = SIZE / sizeof(long), step = PAGE / sizeof(long);

	for (unsigned long i = 0; i < n; i += 61)
		sum |= (unsigned long)word[i];
	say("read: or of all is %lu\n", sum);
	for (unsigned long i = 0; i < n; i += step)
		word[i + i / step % step] = (long)(i / step + 1);
	sum = 0;
	for (unsigned long i = 0; i < n; i += step) {
		if (word[i + i / step % step] != (long)(i / step + 1))
			say("page %lu is wrong\n", i / step);
		sum += (unsigned long)word[i + i / step % step];
	}
	say("written: sum %lu of %lu pages\n", sum, n / step);
	sum = 0;
	for (unsigned long i = 0; i < n; i++)
		sum += word[i] != 0;
	say("words that are not zero: %lu\n", sum);
	return 0;
}
