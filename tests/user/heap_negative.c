/* SPDX-License-Identifier: MIT */
/* R13 R22 R23 R24: the break goes down: whole pages go at once, a part of a page stays and is
 * cleared when regrown. */
#include "t.h"

static char *base;

static int read_at(void *p)
{
	return *(volatile char *)p;
}

static int write_at(void *p)
{
	*(volatile char *)p = 1;
	return 0;
}

int main(void)
{
	char *low;

	/* Page-aligned start, so that the cases below are the same everywhere. */
	low = sbrk(0);
	sbrk((intptr_t)(-(uintptr_t)low & (PAGE - 1)));
	base = sbrk(8 * PAGE);
	memset(base, 'x', 8 * PAGE);
	say("sbrk(-4 pages): %s\n", sbrk(-4 * (long)PAGE) == base + 8 * PAGE ? "old break" : "no");
	in_child("read below the break", read_at, base + 4 * PAGE - 1);
	in_child("read at the break", read_at, base + 4 * PAGE);
	in_child("write far above it", write_at, base + 7 * PAGE);

	say("brk(mid-page): %d\n", brk(base + 2 * PAGE + 100));
	say("last byte kept: %c\n", base[2 * PAGE + 99]);
	in_child("rest of that page is still there", read_at, base + 3 * PAGE - 1);
	in_child("the next is not", read_at, base + 3 * PAGE);
	say("regrow: %d\n", brk(base + 6 * PAGE));
	/* The rest of the page that was cut is cleared here, and not by Linux: it is not told. */
	say("kept %zu, not zero above the low break's page: %zu\n",
	    not_all(base, 2 * PAGE + 100, 'x'), not_all(base + 3 * PAGE, 3 * PAGE, 0));

	say("odd steps:");
	for (int i = 0; i < 5; i++) {
		char *was = sbrk(1001);

		was[0] = was[1000] = (char)i;
		say(" %ld", (long)(was - base));
	}
	say("\n");
	TRY(brk(base + 8));
	TRY((long)sbrk(-(intptr_t)GIB * 100));
	say("break unchanged: %s\n", sbrk(0) == base + 8 ? "yes" : "no");
	say("kernel's own answer is the break: %s\n",
	    syscall(SYS_brk, 16) == (long)(base + 8) ? "yes" : "no");
	say("brk(0) too: %s\n", syscall(SYS_brk, 0) == (long)(base + 8) ? "yes" : "no");
	say("base lives: %c\n", base[7]);
	return 0;
}
