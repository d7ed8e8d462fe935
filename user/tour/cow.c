/* SPDX-License-Identifier: MIT */
/* Stop 3: copy-on-write. Parent and child share a page until the child writes to it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tour.h"

#define HALF   37 /* columns of the picture's left half */
#define TOP    "┌─────────────────────┐"
#define BOTTOM "└─────────────────────┘"

/* The child's results, in memory that it shares with the parent. */
struct found {
	struct meter meter;
	char before, after;
	long frame_before, frame_after;
};

static void *cow_map(int flags)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* The meter is on the child's stack: a first touch of `found` would add a fault to the count. */
_Noreturn static void cow_be_child(volatile char *page, struct found *found)
{
	struct meter meter;

	count_setup();
	found->before = *page;
	found->frame_before = page_frame(page);
	meter_start(&meter);
	*page = 'C';
	meter_stop(&meter);
	found->meter = meter;
	found->after = *page;
	found->frame_after = page_frame(page);
	_exit(0);
}

static void halves(const char *left, const char *right)
{
	printf("   ");
	pad(left, HALF);
	printf("%s\n", right);
}

/* Formats the middle line of a page's box: its value and, if known, its frame. */
static void contents(char *line, size_t size, const char *before, char value, long frame)
{
	if (frame > 1)
		snprintf(line, size, "%s│ '%c' in %#12lx │", before, value, frame);
	else
		snprintf(line, size, "%s│ '%c'                 │", before, value);
}

/* Formats a name, padded to seven columns, and the text that follows it. */
static void named(char *line, size_t size, enum text name, const char *rest)
{
	snprintf(line, size, "%s%*s%s", text(name), 7 - columns(text(name)), "", rest);
}

static void cow_picture(char value, long frame, const struct found *found)
{
	char left[128], right[128], join[48];

	halves(text(T_COW_BEFORE), text(T_COW_AFTER));
	halves("", "         " TOP);
	named(left, sizeof(left), T_COW_PARENT, "┐ " TOP);
	named(join, sizeof(join), T_COW_PARENT, "──");
	contents(right, sizeof(right), join, value, frame);
	halves(left, right);
	contents(left, sizeof(left), "       ├─", found->before, found->frame_before);
	halves(left, "         " BOTTOM);
	named(left, sizeof(left), T_COW_CHILD, "┘ " BOTTOM);
	halves(left, "         " TOP);
	named(join, sizeof(join), T_COW_CHILD, "──");
	contents(right, sizeof(right), join, found->after, found->frame_after);
	halves("", right);
	halves("", "         " BOTTOM);
}

void stop_cow(void)
{
	volatile char *page = cow_map(MAP_PRIVATE);
	struct found *found = cow_map(MAP_SHARED);
	struct meter reuse;
	int status = 1;
	pid_t pid;
	char value;
	long frame;

	title(3, text(T_COW), "copy-on-write: fork()");
	draw_say(T_COW_WHY);
	*page = 'P';
	pid = fork();
	if (pid == 0)
		cow_be_child(page, found);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("fork");
	value = *page;
	frame = page_frame(page);
	meter_start(&reuse);
	*page = 'Q';
	meter_stop(&reuse);
	cow_picture(value, frame,
		    found); /* not before: a terminal's device interrupts while it prints */
	rows_begin();
	draw_meter_row(text(T_COW_ROW_COPY), &found->meter);
	draw_meter_row(text(T_COW_ROW_REUSE), &reuse);
}
