/* SPDX-License-Identifier: MIT */
/* Budget: parts of a mapping given back (R93, R125). */
#include "budget.h"

static volatile char *area;

static void fill(void)
{
	area = map_at(64 * GIB, 4 * MIB, MAP_PRIVATE);
	write_pages(area, 512);
}

static void middle(void)
{
	unmap(area + 128 * PAGE, 256 * PAGE);
}

static void untouched(void)
{
	unmap(area + 2 * MIB, 2 * MIB);
}

static void rest(void)
{
	unmap(area, 2 * MIB);
}

void scenario(int argc, char **argv)
{
	/* 2 MiB of the 4 are written: 512 frames, one middle table, one leaf. */
	budget("fill 2 MiB of 4", fill, (struct cost){ .fill = 512, .resident = 512, .tables = 2 });
	/* 256 pages in pieces of 64, a fence each; the leaf table has pages left on both sides. */
	budget("the middle of it", middle, (struct cost){ .fences = 4, .resident = -256 });
	/* What was never touched has nothing to clear, and nobody to fence. */
	budget("what was never touched", untouched, (struct cost){ 0 });
	/* Two parts of 128 pages, four pieces of 64; both tables go with the last. */
	budget("the rest", rest, (struct cost){ .fences = 4, .resident = -256, .tables = -2 });
}
