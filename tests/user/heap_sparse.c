/* SPDX-License-Identifier: MIT */
/* R10 R11 R14 R15: a heap of 200 GiB is promised at once, and only what is touched is delivered. */
#include "t.h"

#define HUGE (200 * GIB)

static void touch(char *p, const char *name)
{
	int was = *(volatile char *)p;

	*(volatile char *)p = 42;
	say("%s: was %d, is %d, neighbours %d %d\n", name, was, *p, p[-1], p[1]);
}

int main(void)
{
	char *start = sbrk(0);
	char *old = sbrk(HUGE);

	say("sbrk(200 GiB): %s\n", old == start ? "the old break" : "refused");
	if (old != start)
		return 1;
	say("break moved by %lu GiB\n", ((char *)sbrk(0) - start) / GIB);
	touch(start + 1, "first byte");
	touch(start + 2 * GIB, "at 2 GiB");
	touch(start + 4 * GIB - 4096, "below 4 GiB");
	touch(start + 4 * GIB + 77, "above 4 GiB");
	touch(start + 100 * GIB, "at 100 GiB");
	touch(start + HUGE - 2, "last but one byte");
	for (unsigned long i = 1; i <= 64; i++)
		start[i * 3 * GIB + i * PAGE] = (char)i;
	for (unsigned long i = 1; i <= 64; i++)
		if (start[i * 3 * GIB + i * PAGE] != (char)i)
			say("byte %lu lost\n", i);
	say("64 scattered pages kept\n");
	say("brk back: %d\n", brk(start));
	say("at the old start: %s\n", sbrk(0) == start ? "yes" : "no");
	say("again 200 GiB: %s\n", sbrk(HUGE) == start ? "yes" : "no");
	say("first byte is %d, at 100 GiB %d\n", start[1], start[100 * GIB]);
	return 0;
}
