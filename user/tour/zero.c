/* SPDX-License-Identifier: MIT */
/* Stop 2: zero fill. Reads of a large array map the zero page, and writes allocate frames. */
#include <stdio.h>

#include "tour.h"

#define SIZE  (64 * MIB)
#define TABLE (2 * MIB) /* what one page-table page maps */

/* TABLE bytes more, so that SIZE bytes fit from an address that is aligned to TABLE. */
static char array[SIZE + TABLE];

static long zero_read_all(const volatile char *from, unsigned long npages)
{
	long sum = 0;

	for (unsigned long i = 0; i < npages; i++)
		sum += from[i * PAGE];
	return sum;
}

static void zero_write_some(volatile char *to, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++)
		to[i * (SIZE / 4)] = 1;
}

/* Prints the frames of the pages at 0, 1/4 and 2/4 of the array. */
static void zero_picture(enum text what, const volatile char *at)
{
	printf("   %s", text(what));
	for (int i = 0; i < 3; i++) {
		long frame = page_frame(at + (unsigned long)i * (SIZE / 4));

		if (frame > 1)
			printf(" [%5lu: %#11lx ]", (unsigned long)i * (SIZE / 4 / PAGE), frame);
		else
			printf(" [%5lu: %11s ]", (unsigned long)i * (SIZE / 4 / PAGE), "?");
	}
	printf("\n");
}

void stop_zero(void)
{
	volatile char *at = (volatile char *)(((uintptr_t)array + TABLE - 1) & ~(TABLE - 1));
	struct meter reads, writes;

	title(2, text(T_ZERO), "zero fill: static char array[64 MiB]");
	draw_say(T_ZERO_WHY);
	meter_start(&reads);
	if (zero_read_all(at, SIZE / PAGE) != 0)
		die("zeros");
	meter_stop(&reads);
	zero_picture(T_ZERO_ONE, at);
	meter_start(&writes);
	zero_write_some(at, 3);
	meter_stop(&writes);
	zero_picture(T_ZERO_THREE, at);
	rows_begin();
	draw_meter_row(text(T_ZERO_ROW_READ), &reads);
	draw_meter_row(text(T_ZERO_ROW_WRITE), &writes);
}
