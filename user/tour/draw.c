/* SPDX-License-Identifier: MIT */
/* Prints text for a terminal: its width in columns, its colours, and the table of figures. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tour.h"

#define LABEL_WIDTH 26

static bool coloured;

void draw_setup(bool colour)
{
	static char buffer[1 << 16];

	coloured = colour;
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

/* Decodes the code point at *s and advances *s past it. */
static unsigned next_point(const char **s)
{
	unsigned char first = (unsigned char)*(*s)++;
	unsigned point = first;
	int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;

	if (more)
		point = first & (0x3fu >> more);
	for (; more && ((unsigned char)**s & 0xc0) == 0x80; more--)
		point = point << 6 | ((unsigned char)*(*s)++ & 0x3f);
	return point;
}

/* Is it an East Asian wide or full-width character? Covers those that the tour prints. */
static bool is_wide(unsigned point)
{
	return (point >= 0x2e80 && point <= 0xa4cf) || (point >= 0xac00 && point <= 0xd7a3) ||
	       (point >= 0xf900 && point <= 0xfaff) || (point >= 0xff00 && point <= 0xff60);
}

int columns(const char *s)
{
	int n = 0;

	while (*s)
		n += is_wide(next_point(&s)) ? 2 : 1;
	return n;
}

void paint(enum colour colour, const char *format, ...)
{
	static const char *const codes[] = { "",	 "\033[1m",  "\033[2m",
					     "\033[32m", "\033[33m", "\033[31m" };
	va_list args;

	if (coloured)
		fputs(codes[colour], stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	if (coloured && colour != PLAIN)
		fputs("\033[0m", stdout);
}

void pad(const char *s, int width)
{
	int missing = (width < 0 ? -width : width) - columns(s);

	if (missing < 0)
		missing = 0;
	if (width < 0)
		printf("%*s%s", missing, "", s);
	else
		printf("%s%*s", s, missing, "");
}

static void rule(int n)
{
	while (n-- > 0)
		fputs("─", stdout);
}

/* Prints "── 1 NAME ───────── CALL ──". */
void title(int number, const char *name, const char *call)
{
	int used = 2 + 3 + (number > 9) + columns(name) + 1 + 1 + columns(call) + 1 + 2;

	count_mark(number, call);
	printf("\n");
	rule(2);
	paint(BOLD, " %d %s ", number, name);
	rule(WIDTH - used);
	paint(YELLOW, " %s ", call);
	rule(2);
	printf("\n");
}

void draw_say(enum text which)
{
	printf("%s\n", text(which));
}

void rows_begin(void)
{
	printf("  ");
	pad("", LABEL_WIDTH);
	pad(text(T_COL_FAULTS), -7);
	pad(text(count_has_kinds() ? T_COL_FRAMES : T_COL_RESIDENT), -9);
	pad(text(T_COL_TABLES), -8);
	pad(text(meter_is_exact() ? T_COL_EACH : T_COL_EACH_NS), -9);
	printf("  %s\n", text(T_COL_KINDS));
}

static void draw_number(long n, int width)
{
	char digits[24] = "-";

	if (n != UNKNOWN)
		snprintf(digits, sizeof(digits), "%ld", n);
	pad(digits, -width);
}

static void kinds(const struct counts *cost)
{
	static const char *const names[KINDS] = { "FILL", "COW", "REUSE", "other" };
	const char *between = "  ";

	if (cost->kinds[0] == UNKNOWN) {
		printf("  -\n");
		return;
	}
	for (int i = 0; i < KINDS; i++) {
		if (cost->kinds[i] <= 0)
			continue;
		printf("%s%ld %s", between, cost->kinds[i], names[i]);
		between = ", ";
	}
	printf("\n");
}

void draw_meter_row(const char *what, const struct meter *meter)
{
	const struct counts *cost = &meter->cost;

	printf("  ");
	pad(what, LABEL_WIDTH);
	draw_number(cost->faults, 7);
	draw_number(cost->frames, 9);
	draw_number(cost->tables, 8);
	draw_number(cost->faults > 0 ? (long)meter->spent / cost->faults : UNKNOWN, 9);
	kinds(cost);
}
