/* SPDX-License-Identifier: MIT */
/* Stop 4: demand paging. A page of the program's text is mapped when a function on it is called. */
#include <stdio.h>

#include "code.h"
#include "tour.h"

#define WINDOW 16 /* pages that one fault maps at most (fault-around) */

/* A function at the start of its own page. The section holds only such pages. */
#define ON_PAGE(n)                                                     \
	__attribute__((section("tour_pages"), aligned(4096), noinline, \
		       no_reorder)) static int page_##n(int x)         \
	{                                                              \
		return x + n;                                          \
	}
#define ON_4(a, b, c, d) ON_PAGE(a) ON_PAGE(b) ON_PAGE(c) ON_PAGE(d)

/* Fault-around windows are aligned to 16 pages, so the first page is too. */
__attribute__((section("tour_pages"), aligned(65536), noinline, no_reorder)) static int
page_0(int x)
{
	return x;
}

/* clang-format off */
ON_PAGE(1)
ON_PAGE(2)
ON_PAGE(3)
ON_4(4, 5, 6, 7)
ON_4(8, 9, 10, 11)
ON_4(12, 13, 14, 15)
ON_4(16, 17, 18, 19)
ON_4(20, 21, 22, 23)
ON_4(24, 25, 26, 27)
ON_4(28, 29, 30, 31)
ON_4(32, 33, 34, 35)
ON_4(36, 37, 38, 39)
ON_4(40, 41, 42, 43)
ON_4(44, 45, 46, 47)
/* clang-format on */

/*
 * The linker places other text after the section. This page begins a further window, so that a
 * fault on that text maps none of the 48 pages shown.
 */
ON_PAGE(48)

#define LIST_4(a, b, c, d) page_##a, page_##b, page_##c, page_##d

static int (*const pages[CODE_PAGES + 1])(int) = {
	LIST_4(0, 1, 2, 3),
	LIST_4(4, 5, 6, 7),
	LIST_4(8, 9, 10, 11),
	LIST_4(12, 13, 14, 15),
	LIST_4(16, 17, 18, 19),
	LIST_4(20, 21, 22, 23),
	LIST_4(24, 25, 26, 27),
	LIST_4(28, 29, 30, 31),
	LIST_4(32, 33, 34, 35),
	LIST_4(36, 37, 38, 39),
	LIST_4(40, 41, 42, 43),
	LIST_4(44, 45, 46, 47),
	page_48,
};

const char *code_start(void)
{
	return (const char *)pages[0];
}

static void show_page(int page, int called)
{
	long frame = page_frame(code_start() + (unsigned long)page * PAGE);

	if (frame == UNKNOWN)
		paint(DIM, "?");
	else if (frame == 0)
		paint(DIM, "·");
	else if (page == called)
		paint(GREEN, "█");
	else
		paint(GREEN, "▒");
}

/* Prints a cell for each page, window by window. called: the page just called, or -1. */
static void code_picture(const char *what, int called)
{
	printf("   ");
	pad(what, 16);
	for (int i = 0; i < CODE_PAGES; i++) {
		if (i % WINDOW == 0)
			printf("│");
		show_page(i, called);
	}
	printf("│\n");
}

static void code_call(int page, struct meter *sum)
{
	int (*volatile function)(int) = pages[page];
	struct meter meter;

	meter_start(&meter);
	function(0);
	meter_stop(&meter);
	meter_add(sum, &meter);
}

void stop_code(void)
{
	static const int called[] = { 5, 37, 40 };
	struct meter first = { 0 }, again = { 0 };
	char what[64];

	title(4, text(T_CODE), "demand paging: exec()");
	draw_say(T_CODE_WHY);
	code_picture(text(T_CODE_BEFORE), -1);
	for (int i = 0; i < 3; i++) {
		code_call(called[i], &first);
		snprintf(what, sizeof(what), text(T_CODE_CALL), called[i]);
		code_picture(what, called[i]);
	}
	for (int i = 0; i < 3; i++)
		code_call(called[i], &again);
	rows_begin();
	draw_meter_row(text(T_CODE_ROW), &first);
	draw_meter_row(text(T_CODE_ROW_AGAIN), &again);
}
