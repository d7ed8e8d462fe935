/* SPDX-License-Identifier: MIT */
/* Budget: a stack that grows page by page, and by a jump (R30, R125). */
#include "budget.h"

#define TOP (256 * GIB)

static void down(void)
{
	for (unsigned i = 0; i < 64; i++)
		*(volatile char *)(TOP - MIB - i * PAGE) = 1;
}

static void jump(void)
{
	*(volatile char *)(TOP - 5 * MIB) = 1;
}

static void between(void)
{
	*(volatile char *)(TOP - 4 * MIB) = 1;
}

void scenario(int argc, char **argv)
{
	/*
	 * The stack begins with less than 256 KiB; each of the 64 pages is below what it is by then:
	 * it grows 64 times, a FILL and a frame each. They are in the last 2 MiB, whose leaf table is
	 * there because of the arguments.
	 */
	budget("64 pages down", down, (struct cost){ .fill = 64, .grown = 64, .resident = 64 });
	/* One step of nearly 4 MiB: grown once, one page, one leaf table. */
	budget("a jump", jump, (struct cost){ .fill = 1, .grown = 1, .resident = 1, .tables = 1 });
	/* In the stack as it is now: no growth. 4 MiB below the top is another leaf table's first page. */
	budget("in between", between, (struct cost){ .fill = 1, .resident = 1, .tables = 1 });
}
