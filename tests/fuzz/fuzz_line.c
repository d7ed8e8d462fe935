/* SPDX-License-Identifier: MIT */
/* Keys at the prompt: user/sh/keys and user/sh/line, whatever bytes the terminal sends. */

/*
 * The input is what is read. Held against the rules of line.h: a NUL behind the last byte, no control
 * characters, the cursor never inside a character; and against what each key may change.
 */
#undef read /* which all others have from here, as ioctl() */
#undef ioctl
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"
#include "sh/keys.h"
#include "sh/line.h"

#define SHORT 128

static const uint8_t *typed;
static size_t ntyped, at;
static struct line line;

/* Instead of the C library's read(): the terminal. */
ssize_t fuzz_read(int fd, void *to, size_t n);

ssize_t fuzz_read(int fd, void *to, size_t n)
{
	if (fd != STDIN_FILENO)
		return read(fd, to, n);
	fuzz_check(n == 1);
	if (at == ntyped)
		return 0;
	*(uint8_t *)to = typed[at++];
	return 1;
}

int fuzz_ioctl(int fd, unsigned long request, ...);

int fuzz_ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	fuzz_check(fd == STDIN_FILENO && request == FIONREAD);
	va_start(args, request);
	*va_arg(args, int *) = (int)(ntyped - at);
	va_end(args);
	return 0;
}

/* Goes through the line's characters: the cursor is at the beginning of one, or behind the last. */
static void check_characters(void)
{
	bool found = line.cursor == line.length;
	unsigned columns;

	for (size_t from = 0, bytes; from < line.length; from += bytes) {
		bytes = line_char(line.bytes + from, line.length - from, &columns);
		fuzz_check(bytes >= 1 && bytes <= 4 && bytes <= line.length - from && columns <= 2);
		if (bytes == 1 && line_char_is_text(line.bytes + from, bytes))
			fuzz_check((unsigned char)line.bytes[from] < 0x7f);
		found |= from == line.cursor;
	}
	fuzz_check(found);
}

static void check_line(void)
{
	fuzz_check(line.length <= LINE_MAX_BYTES && line.cursor <= line.length);
	fuzz_equal(strlen(line.bytes), line.length);
	fuzz_check(!line.full || line.length == LINE_MAX_BYTES);
	/* Long ones are not looked through at each key. */
	if (line.length > SHORT && at % SHORT != 0)
		return;
	for (size_t i = 0; i < line.length; i++)
		fuzz_check((unsigned char)line.bytes[i] >= ' ' && line.bytes[i] != 0x7f);
	check_characters();
}

/* It ends in an R, and has two numbers at least. */
static void check_size(void)
{
	unsigned rows, columns;

	key_size(&rows, &columns);
	fuzz_check(rows >= 1 && rows <= 9999 && columns >= 1 && columns <= 9999);
	fuzz_check(at >= 4 && typed[at - 1] == 'R');
}

static void press(int key)
{
	switch (key) {
	case KEY_LEFT:
		line_left(&line);
		break;
	case KEY_RIGHT:
		line_right(&line);
		break;
	case KEY_HOME:
		line.cursor = 0;
		break;
	case KEY_END:
		line.cursor = line.length;
		break;
	case KEY_ERASE:
		line_erase_left(&line);
		break;
	case KEY_DELETE:
		line_erase_right(&line);
		break;
	case CONTROL('u'):
		line_cut_left(&line);
		break;
	case CONTROL('k'):
		line_cut_right(&line);
		break;
	case CONTROL('w'):
		line_cut_word(&line);
		break;
	case CONTROL('y'):
		line_set(&line, "a \xc3\xa4 \xe4\xbd\xa0 ");
		break;
	case KEY_SIZE:
		check_size();
		break;
	default:
		if (key >= 0 && key <= 0xff)
			line_insert(&line, (char)key);
		break;
	}
}

/* n bytes from `from` on are gone. The cursor is there, or behind what became one character there. */
static void check_cut(const struct line *before, size_t from, size_t n)
{
	fuzz_equal(line.length, before->length - n);
	fuzz_check(memcmp(line.bytes, before->bytes, from) == 0);
	fuzz_check(memcmp(line.bytes + from, before->bytes + from + n, line.length - from) == 0);
	fuzz_check(line.cursor >= from && line.cursor - from <= 3);
}

/* What a key may do to the line's length and cursor. */
static void check_step(int key, const struct line *before)
{
	size_t len = line.length, was = before->length;

	if (key == KEY_LEFT || key == KEY_RIGHT || key == KEY_HOME || key == KEY_END)
		fuzz_check(len == was && memcmp(line.bytes, before->bytes, len) == 0);
	if (key == KEY_LEFT)
		fuzz_check(line.cursor < before->cursor || before->cursor == 0);
	if (key == KEY_RIGHT)
		fuzz_check(line.cursor > before->cursor || before->cursor == was);
	if (key == KEY_ERASE || key == CONTROL('w'))
		check_cut(before, before->cursor - (was - len), was - len);
	if (key == KEY_DELETE)
		check_cut(before, before->cursor, was - len);
	if (key == CONTROL('u'))
		check_cut(before, 0, before->cursor);
	if (key == CONTROL('k'))
		check_cut(before, before->cursor, was - before->cursor);
	if ((key == KEY_ERASE && before->cursor > 0) || (key == KEY_DELETE && before->cursor < was))
		fuzz_check(was - len >= 1 && was - len <= 4);
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	static struct line before;
	int key;

	typed = data;
	ntyped = size;
	at = 0;
	line_set(&line, "");
	fuzz_equal(key_waits(), size > 0);
	while ((key = key_read()) != KEY_END_OF_INPUT) {
		fuzz_check((key >= 0 && key <= 0xff) || (key >= KEY_LEFT && key <= KEY_NONE));
		before.length = line.length;
		before.cursor = line.cursor;
		memcpy(before.bytes, line.bytes, line.length + 1);
		press(key);
		check_line();
		check_step(key, &before);
	}
	fuzz_equal(at, size);
	return line.length > 0;
}
