/* SPDX-License-Identifier: MIT */
/* The keys, and how a line is shown in one row of the window: only characters and CR are sent. */
#include "sh/edit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sh/history.h"
#include "sh/keys.h"
#include "sh/terminal.h"

struct editor {
	const char *prompt;
	struct line *line;
	size_t first;	  /* the byte of the line that is shown first */
	unsigned drawn;	  /* columns of the row that are not blank */
	unsigned recall;  /* lines back in history; 0: the new one */
	struct line kept; /* the new one meanwhile */
};

static struct {
	char bytes[4 * LINE_MAX_BYTES];
	size_t n;
} out;

static void put(const char *bytes, size_t n)
{
	if (out.n + n <= sizeof(out.bytes)) {
		memcpy(out.bytes + out.n, bytes, n);
		out.n += n;
	}
}

static void put_text(const char *text)
{
	put(text, strlen(text));
}

static void flush(void)
{
	for (size_t done = 0; done < out.n;) {
		ssize_t n = write(STDOUT_FILENO, out.bytes + done, out.n - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	out.n = 0;
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

/* Puts the line from byte `from` on, up to `to` or as far as there is room: the columns. */
static unsigned put_line(const struct line *line, size_t from, size_t to, unsigned room)
{
	unsigned sum = 0, columns;

	while (from < to) {
		const char *at = line->bytes + from;
		size_t n = line_char(at, line->length - from, &columns);

		if (sum + columns > room)
			break;
		put(line_char_is_text(at, n) ? at : "?", line_char_is_text(at, n) ? n : 1);
		sum += columns;
		from += n;
	}
	return sum;
}

/* Scrolls so far that the cursor is in the room: a third of it back where it has left. */
static void scroll(struct editor *editor, unsigned room)
{
	struct line *line = editor->line;
	unsigned columns;

	if (editor->first > line->cursor || editor->first > line->length)
		editor->first = 0;
	if (columns_between(line, editor->first, line->cursor) < room)
		return;
	while (columns_between(line, editor->first, line->cursor) > room * 2 / 3)
		editor->first += line_char(line->bytes + editor->first,
					   line->length - editor->first, &columns);
}

static void draw(struct editor *editor)
{
	struct line *line = editor->line;
	unsigned width = terminal_columns() - 1, head = (unsigned)strlen(editor->prompt), drawn;

	scroll(editor, width - head);
	put_text("\r");
	put_text(editor->prompt);
	drawn = head + put_line(line, editor->first, line->length, width - head);
	for (unsigned i = drawn; i < editor->drawn && i < width; i++)
		put_text(" ");
	if (line->cursor != line->length || drawn < editor->drawn) {
		put_text("\r");
		put_text(editor->prompt);
		put_line(line, editor->first, line->cursor, width - head);
	}
	editor->drawn = drawn;
	flush();
}

static void recall(struct editor *editor, int step)
{
	unsigned to = editor->recall + (unsigned)step;
	const char *text = to ? history_at(to) : "";

	if ((step < 0 && editor->recall == 0) || !text)
		return;
	if (editor->recall == 0)
		editor->kept = *editor->line;
	editor->recall = to;
	if (to)
		line_set(editor->line, text);
	else
		*editor->line = editor->kept;
}

static void clear_screen(void)
{
	put_text(terminal_is_smart() ? "\033[H\033[2J" : "\r\n");
}

/* Keys that change the line or the place in it. */
static void act(struct editor *editor, int key)
{
	struct line *line = editor->line;

	switch (key) {
	case KEY_LEFT:
	case CONTROL('B'):
		return line_left(line);
	case KEY_RIGHT:
	case CONTROL('F'):
		return line_right(line);
	case KEY_HOME:
	case CONTROL('A'):
		line->cursor = 0;
		return;
	case KEY_END:
	case CONTROL('E'):
		line->cursor = line->length;
		return;
	case KEY_UP:
	case CONTROL('P'):
		return recall(editor, 1);
	case KEY_DOWN:
	case CONTROL('N'):
		return recall(editor, -1);
	case KEY_ERASE:
	case CONTROL('H'):
		return line_erase_left(line);
	case KEY_DELETE:
	case CONTROL('D'):
		return line_erase_right(line);
	case CONTROL('U'):
		return line_cut_left(line);
	case CONTROL('K'):
		return line_cut_right(line);
	case CONTROL('W'):
		return line_cut_word(line);
	case CONTROL('L'):
		return clear_screen();
	default:
		if (key >= 0 && key <= 0xff)
			line_insert(line, (char)key);
	}
}

static enum edit_end finish(struct editor *editor, const char *mark, enum edit_end end)
{
	editor->line->cursor = editor->line->length;
	if (end != EDIT_END_OF_INPUT)
		draw(editor);
	put_text(mark);
	put_text("\n");
	flush();
	return end;
}

static enum edit_end line_end(const struct line *line)
{
	return line->full ? EDIT_TOO_LONG : EDIT_LINE;
}

enum edit_end edit_line(const char *prompt, struct line *line)
{
	static struct editor editor;
	int key;

	editor = (struct editor){ .prompt = prompt, .line = line };
	line_set(line, "");
	for (;;) {
		if (!key_waits())
			draw(&editor);
		key = key_read();
		if (key == '\r' || key == '\n')
			return finish(&editor, "", line_end(line));
		if (key == CONTROL('C'))
			return finish(&editor, "^C", EDIT_DROPPED);
		if (key == KEY_END_OF_INPUT || (key == CONTROL('D') && line->length == 0))
			return finish(&editor, "", EDIT_END_OF_INPUT);
		act(&editor, key);
	}
}

/* A byte at a time: what comes behind the line is for the program that it starts. */
enum edit_end edit_plain(struct line *line)
{
	bool any = false;
	char byte;
	ssize_t n;

	line_set(line, "");
	for (;;) {
		n = read(STDIN_FILENO, &byte, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return any ? line_end(line) : EDIT_END_OF_INPUT;
		if (byte == '\n')
			return line_end(line);
		line_insert(line, byte == '\t' ? ' ' : byte);
		any = true;
	}
}
