/* SPDX-License-Identifier: MIT */
/* Budget: 100 MiB of BSS, read and never written (R50, R125). */
#include "budget.h"

#define BYTES (100 * MIB)

static BIG volatile char big[BYTES];

static void read_all(void)
{
	read_pages(big, BYTES / PAGE);
}

void scenario(int argc, char **argv)
{
	/*
	 * 25,600 loads of 25,600 pages: FILL each, all of the one zero page: no frame. From 1 GiB on:
	 * one middle table, and 100 / 2 leaf tables.
	 */
	budget("read 100 MiB", read_all,
	       (struct cost){ .fill = 25600, .zero = 25600, .tables = 51 });
	/* Again: the entries are there. */
	budget("read it again", read_all, (struct cost){ 0 });
}
