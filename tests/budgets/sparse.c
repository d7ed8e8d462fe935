/* SPDX-License-Identifier: MIT */
/* Budget: a gibibyte promised, three pages of it touched (R14, R125). */
#include "budget.h"

static volatile char *area;

static void promise(void)
{
	area = map_at(64 * GIB, GIB, MAP_PRIVATE | MAP_NORESERVE);
}

static void touch(void)
{
	area[0] = 1;
	area[GIB / 2] = 1;
	area[GIB - 1] = 1;
}

static void read_on(void)
{
	for (unsigned i = 0; i < 4; i++)
		(void)area[(16 * i + 1) * MIB];
}

static void give_back(void)
{
	unmap(area, GIB);
}

void scenario(int argc, char **argv)
{
	/* A promise is a VMA: no frame, no table, nobody to fence. */
	budget("promise 1 GiB", promise, (struct cost){ 0 });
	/*
	 * Three stores to three empty entries: three FILLs, three zeroed frames. The gibibyte has a
	 * root entry of its own: one middle table; the pages are 512 MiB apart: a leaf table
	 * each.
	 * An entry that was empty owes nobody a fence.
	 */
	budget("touch 3 pages", touch, (struct cost){ .fill = 3, .resident = 3, .tables = 4 });
	/* Loads at 1, 17, 33 and 49 MiB: the zero page, no frame, a leaf table for each 2 MiB: but none at 0. */
	budget("read 4 pages", read_on, (struct cost){ .fill = 4, .zero = 4, .tables = 3 });
	/*
	 * Six leaf tables and seven entries are less than a piece (8 and 64): one fence; then three
	 * frames and all seven tables are back.
	 */
	budget("give it back", give_back,
	       (struct cost){ .fences = 1, .resident = -3, .tables = -7 });
}
