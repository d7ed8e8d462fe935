/* SPDX-License-Identifier: MIT */
/* Stop 5: stack growth. The kernel extends the stack when a page below its end is touched. */
#include <stdio.h>

#include "tour.h"

#define READY 48 /* pages: more than exec maps at first (128 KiB and the arguments) */
#define MORE  64 /* pages that are measured */

/*
 * Writes a byte to each of the npages pages below `from`, from the top down, as deep calls would.
 * The pages are below the stack pointer, so nothing is overwritten. This is a leaf function, which
 * needs no stack of its own.
 */
static __attribute__((noinline)) void touch_down(volatile char *from, unsigned long npages)
{
	for (unsigned long i = 1; i <= npages; i++)
		from[-(long)(i * PAGE)] = 1;
}

void stop_stack(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	volatile char *top = (volatile char *)(here & ~(PAGE - 1));
	struct meter meter;

	title(5, text(T_STACK), "stack growth: char deep[256 KiB]");
	draw_say(T_STACK_WHY);
	touch_down(top, READY);
	meter_start(&meter);
	touch_down(top - READY * PAGE, MORE);
	meter_stop(&meter);
	rows_begin();
	draw_meter_row(text(T_STACK_ROW), &meter);
	if (meter.cost.grown != UNKNOWN) {
		printf("   ");
		printf(text(T_STACK_GROWN), meter.cost.grown);
		printf("\n");
	}
}
