/* SPDX-License-Identifier: MIT */
/* Budget: shared anonymous memory, written by the parent, read by the child (R100, R125). */
#include "budget.h"

static volatile char *area;

static void write_half(void)
{
	write_pages(area, 16);
}

static void read_half(void)
{
	read_pages(area + 16 * PAGE, 16);
}

static void child(void)
{
	/*
	 * fork copies no entries of shared memory, as faults find the pages again: 16 FILLs, each with a REMAP, as for the
	 * parent; one middle and one leaf table. The frames are the object's, and count for each that maps them.
	 */
	budget("the child writes the first half", write_half,
	       (struct cost){ .fill = 16, .remap = 16, .resident = 16, .tables = 2 });
	/*
	 * The second half is empty: an object's pages are made when they are asked for, by a read too
	 * (a shared mapping never shows the zero page): 16 FILLs, 16 frames.
	 */
	budget("the child reads the second half", read_half,
	       (struct cost){ .fill = 16, .resident = 16 });
}

static void parent_reads(void)
{
	read_half();
}

void scenario(int argc, char **argv)
{
	area = map_at(64 * GIB, 32 * PAGE, MAP_SHARED);
	/*
	 * A shared write to an empty entry is FILL and, as the page becomes dirty, REMAP, in one fault:
	 * 16 of each, 16 frames; one middle and one leaf table.
	 */
	budget("the parent writes the first half", write_half,
	       (struct cost){ .fill = 16, .remap = 16, .resident = 16, .tables = 2 });
	in_child(child);
	/* Its pages are in the object: the first read maps the window of 16 pages that they fill. */
	budget("the parent reads the second half", parent_reads,
	       (struct cost){ .fill = 1, .around = 15, .resident = 16 });
}
