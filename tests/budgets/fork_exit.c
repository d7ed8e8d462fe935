/* SPDX-License-Identifier: MIT */
/* Budget: fork of a parent with 64 written pages; the child ends at once (R60, R62, R125). */
#include "budget.h"

static volatile char *area;

static void fill(void)
{
	area = map_at(64 * GIB, 2 * MIB, MAP_PRIVATE);
	write_pages(area, 64);
}

static void nothing(void)
{
}

static void fork_exit(void)
{
	in_child(nothing);
}

static void write_after(void)
{
	write_pages(area, 64);
}

void scenario(int argc, char **argv)
{
	/* 64 stores to empty entries, one new middle table and one leaf. */
	budget("64 pages", fill, (struct cost){ .fill = 64, .resident = 64, .tables = 2 });
	/*
	 * fork takes the right to write from the entries of three leaf tables: the variables and our
	 * stack (one VMA), the area, the kernel's own stack with the arguments. It fences once, at its
	 * end. The parent touches nothing that it shares.
	 */
	budget("fork, exit, wait", fork_exit, (struct cost){ .fences = 1 });
	/* The child is gone: each page has one holder, who gets the right back and copies nothing. */
	budget("write the pages", write_after, (struct cost){ .reuse = 64 });
	/* Once more: our variables and the area are writable again. */
	budget("fork again", fork_exit, (struct cost){ .fences = 1 });
}
