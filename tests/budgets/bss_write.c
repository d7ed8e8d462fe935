/* SPDX-License-Identifier: MIT */
/* Budget: BSS written at once, and read before it is written (R51, R125). */
#include "budget.h"

static BIG volatile char big[8 * MIB];

static void write_first_half(void)
{
	write_pages(big, 1024);
}

static void read_second_half(void)
{
	read_pages(big + 4 * MIB, 1024);
}

static void write_second_half(void)
{
	write_pages(big + 4 * MIB, 1024);
}

void scenario(int argc, char **argv)
{
	/*
	 * 1024 stores without a load before: one FILL and one frame each; one middle table, a
	 * leaf table for each 2 MiB.
	 */
	budget("write 4 MiB", write_first_half,
	       (struct cost){ .fill = 1024, .resident = 1024, .tables = 3 });
	/* 1024 loads: FILL with the zero page; two leaf tables more. */
	budget("read 4 MiB", read_second_half,
	       (struct cost){ .fill = 1024, .zero = 1024, .tables = 2 });
	/*
	 * Stores to what shows the zero page: COW into a frame each. Another frame comes into a valid
	 * entry, so the old entry is cleared and fenced first: a fence each.
	 */
	budget("write what was read", write_second_half,
	       (struct cost){ .cow = 1024, .fences = 1024, .resident = 1024 });
	budget("write it again", write_second_half, (struct cost){ 0 });
}
