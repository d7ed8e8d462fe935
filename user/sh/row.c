/* SPDX-License-Identifier: MIT */
/* Draws the row with characters and CR only. Text added at the end is sent without the rest. */
#include "sh/row.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sh/terminal.h"

/* The contents of a row, or of its part before the cursor. */
struct row {
	char bytes[LINE_MAX_BYTES + ROW_PROMPT_MAX];
	size_t n;
	unsigned columns;
};

static struct {
	size_t first;	    /* index of the first byte of the line that is shown */
	struct row row;	    /* as it is on the screen */
	bool cursor_at_end; /* the cursor on the screen is at the row's end */
} shown;

static struct {
	char bytes[4 * LINE_MAX_BYTES];
	size_t n;
} out;

void row_flush(void)
{
	for (size_t done = 0; done < out.n;) {
		ssize_t n = write(STDOUT_FILENO, out.bytes + done, out.n - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	out.n = 0;
}

static void put(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (out.n == sizeof(out.bytes))
			row_flush();
		out.bytes[out.n++] = bytes[i];
	}
}

void row_put(const char *text)
{
	put(text, strlen(text));
}

void row_put_blanks(unsigned n)
{
	while (n-- > 0)
		put(" ", 1);
}

static unsigned columns_between(const struct line *line, size_t from, size_t to)
{
	unsigned sum = 0, columns;

	while (from < to) {
		from += line_char(line->bytes + from, line->length - from, &columns);
		sum += columns;
	}
	return sum;
}

unsigned row_text_columns(const char *text)
{
	unsigned sum = 0, columns;

	while (*text) {
		text += line_char(text, strlen(text), &columns);
		sum += columns;
	}
	return sum;
}

static void row_add(struct row *row, const char *bytes, size_t n, unsigned columns)
{
	if (row->n + n > sizeof(row->bytes))
		return;
	memcpy(row->bytes + row->n, bytes, n);
	row->n += n;
	row->columns += columns;
}

/* Adds the bytes of the line from `from` to `to`, as far as they fit into `width` columns. */
static void row_add_line(struct row *row, const struct line *line, size_t from, size_t to,
			 unsigned width)
{
	unsigned columns;

	while (from < to) {
		const char *at = line->bytes + from;
		size_t n = line_char(at, line->length - from, &columns);
		bool is_text = line_char_is_text(at, n);

		if (row->columns + columns > width)
			break;
		row_add(row, is_text ? at : "?", is_text ? n : 1, columns);
		from += n;
	}
}

/* Scrolls the line so that the cursor is visible. After a scroll a third of the room is free. */
static void scroll(const struct line *line, unsigned room)
{
	unsigned columns;

	if (shown.first > line->cursor || shown.first > line->length)
		shown.first = 0;
	if (columns_between(line, shown.first, line->cursor) < room)
		return;
	while (columns_between(line, shown.first, line->cursor) > room * 2 / 3)
		shown.first +=
			line_char(line->bytes + shown.first, line->length - shown.first, &columns);
}

/* If characters were only added at the end of the row, only they are sent. */
void row_show(const char *prompt, const struct line *line)
{
	static struct row row, head;
	struct row *old = &shown.row;
	unsigned width = terminal_columns() - 1, columns = row_text_columns(prompt);
	bool at_end = line->cursor == line->length;

	scroll(line, width - columns);
	head.n = head.columns = 0;
	row_add(&head, prompt, strlen(prompt), columns);
	row = head;
	row_add_line(&row, line, shown.first, line->length, width);
	row_add_line(&head, line, shown.first, line->cursor, width);
	if (shown.cursor_at_end && at_end && old->n <= row.n &&
	    memcmp(old->bytes, row.bytes, old->n) == 0) {
		put(row.bytes + old->n, row.n - old->n);
	} else {
		unsigned blanks = old->columns < width ? old->columns : width;

		row_put("\r");
		put(row.bytes, row.n);
		blanks = blanks > row.columns ? blanks - row.columns : 0;
		row_put_blanks(blanks);
		if (!at_end || blanks) {
			row_put("\r");
			put(head.bytes, head.n);
		}
	}
	*old = row;
	shown.cursor_at_end = at_end;
	row_flush();
}

void row_forget(void)
{
	shown.row.n = shown.row.columns = 0;
	shown.first = 0;
	shown.cursor_at_end = true;
}

void row_doubt(void)
{
	shown.cursor_at_end = false;
}

void row_begin(void)
{
	if (terminal_is_smart())
		row_put("\017\033[0m\033[?25h");
	/* The blanks wrap to a new row, unless the cursor is in the first column. */
	row_put_blanks(terminal_columns() - 1);
	row_put("\r");
	row_forget();
}

/* After a change of the window's width the old row may be cut off or wrapped: it is drawn whole. */
void row_show_again(const char *prompt, const struct line *line)
{
	if (terminal_is_smart())
		row_put("\r\033[K");
	shown.first = 0;
	shown.row.n = 0;
	shown.row.columns = terminal_columns() - 1;
	shown.cursor_at_end = false;
	row_show(prompt, line);
}
