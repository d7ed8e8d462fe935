/* SPDX-License-Identifier: MIT */
/* Budget: 16 pages shared by parent, child and grandchild, each of whom writes them (R62, R63, R125). */
#include "budget.h"

static volatile char *area;

static void write_area(void)
{
	write_pages(area, 16);
}

static void grandchild(void)
{
	/*
	 * Three hold each page: COW of each. A frame comes in place of a frame, so their number stays;
	 * an entry that could be read is cleared and fenced before the new frame is written into it.
	 */
	budget("the grandchild writes", write_area, (struct cost){ .cow = 16, .fences = 16 });
}

static void child(void)
{
	in_child(grandchild);
	/* The parent still holds what the grandchild has left. */
	budget("the child writes", write_area, (struct cost){ .cow = 16, .fences = 16 });
}

static void first(void)
{
	area = map_at(64 * GIB, 2 * MIB, MAP_PRIVATE);
	write_area();
}

void scenario(int argc, char **argv)
{
	/* A middle table and a leaf table. */
	budget("the parent fills", first, (struct cost){ .fill = 16, .resident = 16, .tables = 2 });
	in_child(child);
	/* All others are gone: the last holder copies nothing. */
	budget("the parent writes last", write_area, (struct cost){ .reuse = 16 });
	budget("and once more", write_area, (struct cost){ 0 });
}
