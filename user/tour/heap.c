/* SPDX-License-Identifier: MIT */
/* Stop 1: a lazy heap. It grows by 1 GiB, and only the three pages that are written take frames. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

#include "tour.h"

/* The pages written are this far apart, so that each needs a leaf table of its own. */
#define APART (256 * MIB)

static void heap_touch(volatile char *at, int n)
{
	for (int i = 0; i < n; i++)
		at[(unsigned long)i * APART] = 1;
}

/* The first place in a heap that starts there: the beginning of a leaf table. */
static volatile char *heap_place(const volatile char *start)
{
	return (volatile char *)(((uintptr_t)start + APART + 2 * MIB - 1) & ~(2 * MIB - 1));
}

static void heap_picture(volatile char *at)
{
	static const int there_at[] = { 14, 30, 46 };
	char cells[64];

	for (int i = 0; i < 62; i++)
		cells[i] = '.';
	for (int i = 0; i < 3; i++)
		cells[there_at[i]] = page_frame(at + (unsigned long)i * APART) == 0 ? '.' : '#';
	cells[62] = '\0';
	printf("   [%s]\n", cells);
}

void stop_heap(void)
{
	struct meter promise, write;
	volatile char *start, *at;

	title(1, text(T_HEAP), "lazy heap: sbrk(1 GiB)");
	draw_say(T_HEAP_WHY);
	/* What comes now in larger pieces is there when it is measured: the C library's data, and frames of the hart. */
	start = sbrk((intptr_t)GIB);
	if (start != (void *)-1) {
		heap_touch(heap_place(start), 3);
		if (sbrk(-(intptr_t)GIB) == (void *)-1)
			die("sbrk");
	}
	meter_start(&promise);
	start = sbrk((intptr_t)GIB);
	meter_stop(&promise);
	if (start == (void *)-1) {
		draw_say(T_HEAP_REFUSED);
		return;
	}
	at = heap_place(start);
	meter_start(&write);
	heap_touch(at, 3);
	meter_stop(&write);
	heap_picture(at);
	rows_begin();
	draw_meter_row(text(T_HEAP_ROW_PROMISE), &promise);
	draw_meter_row(text(T_HEAP_ROW), &write);
	if (sbrk(-(intptr_t)GIB) == (void *)-1)
		die("sbrk");
}
