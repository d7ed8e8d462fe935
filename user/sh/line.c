/* SPDX-License-Identifier: MIT */
/* Edits a line of UTF-8. The cursor is never inside a character, even if some bytes are invalid. */
#include "sh/line.h"

#include <string.h>

/* Returns the length of a character with this first byte; 1 for a byte that can begin none. */
static size_t expected_bytes(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 1;
}

static bool continues(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t char_bytes(const char *text, size_t n)
{
	size_t expected = expected_bytes((unsigned char)text[0]);

	if (expected > n)
		return 1;
	for (size_t i = 1; i < expected; i++)
		if (!continues(text[i]))
			return 1;
	return expected;
}

static unsigned code_point(const char *text, size_t bytes)
{
	static const unsigned char first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned code = (unsigned char)text[0] & first_bits[bytes];

	for (size_t i = 1; i < bytes; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

/* The columns on a terminal: East Asian characters and emoji take 2, combining marks take 0. */
static unsigned columns_of(unsigned code)
{
	static const struct {
		unsigned from, to, columns;
	} ranges[] = {
		{ 0x0300, 0x036f, 0 },	 { 0x1100, 0x115f, 2 },	  { 0x200b, 0x200f, 0 },
		{ 0x20d0, 0x20ff, 0 },	 { 0x2e80, 0x303e, 2 },	  { 0x3041, 0xa4cf, 2 },
		{ 0xac00, 0xd7a3, 2 },	 { 0xf900, 0xfaff, 2 },	  { 0xfe00, 0xfe0f, 0 },
		{ 0xfe30, 0xfe6f, 2 },	 { 0xff00, 0xff60, 2 },	  { 0xffe0, 0xffe6, 2 },
		{ 0x1f300, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (code >= ranges[i].from && code <= ranges[i].to)
			return ranges[i].columns;
	return 1;
}

bool line_char_is_text(const char *text, size_t n)
{
	unsigned char first = (unsigned char)text[0];

	if (n == 1)
		return first >= 0x20 && first < 0x7f;
	return code_point(text, n) >= 0xa0;
}

size_t line_char(const char *text, size_t n, unsigned *columns_ret)
{
	size_t bytes = char_bytes(text, n);

	*columns_ret = line_char_is_text(text, bytes) ? columns_of(code_point(text, bytes)) : 1;
	return bytes;
}

/* Returns where a character begins at or before `at`: at a byte that is no continuation byte. */
static size_t begin_near(const struct line *line, size_t at)
{
	while (at > 0 && (at == line->length || continues(line->bytes[at])))
		at--;
	return at;
}

/* Returns the beginning of the character that ends at `at`, which must be above 0. */
static size_t before(const struct line *line, size_t at)
{
	size_t next = begin_near(line, at - 1), begin = next;

	while (next < at) {
		begin = next;
		next += char_bytes(line->bytes + next, line->length - next);
	}
	return begin;
}

/* An edit may join bytes on both sides of the cursor to a character. Moves the cursor after it. */
static void settle(struct line *line)
{
	size_t at = begin_near(line, line->cursor);

	while (at < line->cursor)
		at += char_bytes(line->bytes + at, line->length - at);
	line->cursor = at;
}

static void cut(struct line *line, size_t from, size_t to)
{
	memmove(line->bytes + from, line->bytes + to, line->length - to + 1);
	line->length -= to - from;
	line->cursor = from;
	line->full = false;
	settle(line);
}

void line_set(struct line *line, const char *text)
{
	line->length = strnlen(text, LINE_MAX_BYTES);
	memcpy(line->bytes, text, line->length);
	line->bytes[line->length] = '\0';
	line->cursor = line->length;
	line->full = false;
}

void line_insert(struct line *line, char byte)
{
	if ((unsigned char)byte < 0x20 || byte == 0x7f)
		return;
	line->full |= line->length == LINE_MAX_BYTES;
	if (line->full)
		return;
	memmove(line->bytes + line->cursor + 1, line->bytes + line->cursor,
		line->length - line->cursor + 1);
	line->bytes[line->cursor++] = byte;
	line->length++;
	settle(line);
}

void line_left(struct line *line)
{
	if (line->cursor > 0)
		line->cursor = before(line, line->cursor);
}

void line_right(struct line *line)
{
	if (line->cursor < line->length)
		line->cursor += char_bytes(line->bytes + line->cursor, line->length - line->cursor);
}

void line_erase_left(struct line *line)
{
	if (line->cursor > 0)
		cut(line, before(line, line->cursor), line->cursor);
}

void line_erase_right(struct line *line)
{
	if (line->cursor < line->length)
		cut(line, line->cursor,
		    line->cursor +
			    char_bytes(line->bytes + line->cursor, line->length - line->cursor));
}

void line_cut_left(struct line *line)
{
	cut(line, 0, line->cursor);
}

void line_cut_right(struct line *line)
{
	cut(line, line->cursor, line->length);
}

void line_cut_word(struct line *line)
{
	size_t from = line->cursor;

	while (from > 0 && line->bytes[from - 1] == ' ')
		from--;
	while (from > 0 && line->bytes[from - 1] != ' ')
		from--;
	cut(line, from, line->cursor);
}
