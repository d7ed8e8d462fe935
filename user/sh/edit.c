/* SPDX-License-Identifier: MIT */
/* The keys, and how a line is shown in one row of the window: only characters and CR are sent. */
#include "sh/edit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sh/complete.h"
#include "sh/events.h"
#include "sh/history.h"
#include "sh/jobs.h"
#include "sh/keys.h"
#include "sh/terminal.h"

#define PROMPT	     "faultline> "
#define NARROW	     "> "
#define WIDE	     40 /* columns from which on the long one is shown */
#define SEARCH_BYTES 60 /* of what is searched that are shown */
#define PROMPT_BYTES (SEARCH_BYTES + 32)

/* What is in the row, in front of the cursor or in all. */
struct row {
	char bytes[LINE_MAX_BYTES + PROMPT_BYTES];
	size_t n;
	unsigned columns;
};

struct editor {
	struct line *line;
	size_t first;	    /* the byte of the line that is shown first */
	struct row row;	    /* as it is on the screen; */
	bool cursor_at_end; /* and the cursor there */
	unsigned recall;    /* lines back in history; 0: the new one */
	struct line kept;   /* the new one meanwhile */
	bool listed;	    /* the last key was a Tab that added nothing */
	bool asked;	    /* the terminal, for its size */
	bool searching;	    /* backwards through history, for: */
	struct line wanted;
	unsigned found;	    /* lines back; 0: none yet */
	bool failed;	    /* there is none like that, or none farther back */
	struct line before; /* the line when the search began */
};

static struct {
	char bytes[4 * LINE_MAX_BYTES];
	size_t n;
} out;

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

static void put(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (out.n == sizeof(out.bytes))
			flush();
		out.bytes[out.n++] = bytes[i];
	}
}

static void put_text(const char *text)
{
	put(text, strlen(text));
}

static void put_blanks(unsigned n)
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

static unsigned text_columns(const char *text)
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

/* The line from byte `from` on, up to `to` or as far as the row has `width` columns. */
static void row_add_line(struct row *row, const struct line *line, size_t from, size_t to,
			 unsigned width)
{
	unsigned columns;

	while (from < to) {
		const char *at = line->bytes + from;
		size_t n = line_char(at, line->length - from, &columns);
		bool shown = line_char_is_text(at, n);

		if (row->columns + columns > width)
			break;
		row_add(row, shown ? at : "?", shown ? n : 1, columns);
		from += n;
	}
}

/* What stands before the line; *columns_ret: how wide it is. */
static const char *prompt_of(const struct editor *editor, unsigned width, unsigned *columns_ret)
{
	static char search[PROMPT_BYTES];
	const struct line *wanted = &editor->wanted;
	const char *prompt = width + 1 >= WIDE ? PROMPT : NARROW;

	*columns_ret = (unsigned)strlen(prompt);
	if (!editor->searching)
		return prompt;
	prompt = editor->failed ? "not found: " : "search: ";
	*columns_ret = (unsigned)strlen(prompt) + columns_between(wanted, 0, wanted->length) + 3;
	if (wanted->length > SEARCH_BYTES || *columns_ret > width / 2) {
		*columns_ret = 3;
		return editor->failed ? "?! " : "?: ";
	}
	snprintf(search, sizeof(search), "%s%.*s > ", prompt, SEARCH_BYTES, wanted->bytes);
	return search;
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

/* Where a character has come to the end of the row, it is all that is sent. */
static void draw(struct editor *editor)
{
	static struct row row, head;
	struct row *old = &editor->row;
	struct line *line = editor->line;
	unsigned width = terminal_columns() - 1, columns;
	const char *prompt = prompt_of(editor, width, &columns);
	bool at_end = line->cursor == line->length;

	scroll(editor, width - columns);
	head.n = head.columns = 0;
	row_add(&head, prompt, strlen(prompt), columns);
	row = head;
	row_add_line(&row, line, editor->first, line->length, width);
	row_add_line(&head, line, editor->first, line->cursor, width);
	if (editor->cursor_at_end && at_end && old->n <= row.n &&
	    memcmp(old->bytes, row.bytes, old->n) == 0) {
		put(row.bytes + old->n, row.n - old->n);
	} else {
		unsigned blanks = old->columns < width ? old->columns : width;

		put_text("\r");
		put(row.bytes, row.n);
		blanks = blanks > row.columns ? blanks - row.columns : 0;
		put_blanks(blanks);
		if (!at_end || blanks) {
			put_text("\r");
			put(head.bytes, head.n);
		}
	}
	*old = row;
	editor->cursor_at_end = at_end;
	flush();
}

/*
 * A new row, wherever the cursor is: programs may leave it, the colours and the character set
 * anywhere.
 */
static void begin_row(struct editor *editor)
{
	if (terminal_is_smart())
		put_text("\017\033[0m\033[?25h");
	/* These go to the next row unless the cursor is in the first column. */
	put_blanks(terminal_columns() - 1);
	put_text("\r");
	editor->row.n = editor->row.columns = 0;
	editor->cursor_at_end = true;
}

/* The window may have cut the row off, or gone on with it in the next one: it is shown anew in the last. */
static void draw_again(struct editor *editor)
{
	if (terminal_is_smart())
		put_text("\r\033[K");
	editor->first = 0;
	editor->row.n = 0;
	editor->row.columns = terminal_columns() - 1;
	editor->cursor_at_end = false;
	draw(editor);
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

/*
 * The window's size is known as of the start: nothing tells us that it has changed. So the cursor is
 * sent to the window's last corner, and the terminal asked where it is.
 */
static void clear_screen(struct editor *editor)
{
	editor->asked = terminal_is_smart();
	put_text(editor->asked ? "\033[9999;9999H\033[6n\033[H\033[2J" : "\r\n");
	editor->row.n = editor->row.columns = 0;
	editor->cursor_at_end = true;
}

/* Not every such answer is one: a function key looks like it. */
static void take_size(struct editor *editor)
{
	unsigned rows, columns;

	key_size(&rows, &columns);
	if (editor->asked)
		terminal_set_size(rows, columns);
	editor->asked = false;
}

/* In columns, below the row, which is shown again behind them. */
static void list(struct editor *editor, const struct completions *all)
{
	unsigned width = terminal_columns() - 1, widest = 2, per_row;

	for (unsigned i = 0; i < all->count; i++) {
		unsigned columns = text_columns(all->names[i]) + 2;

		widest = columns > widest ? columns : widest;
	}
	per_row = width / widest ? width / widest : 1;
	for (unsigned i = 0; i < all->count; i++) {
		put_text(i % per_row ? "" : "\n");
		put_text(all->names[i]);
		if (i % per_row + 1 < per_row)
			put_blanks(widest - text_columns(all->names[i]));
	}
	put_text("\n");
	begin_row(editor);
}

/* The word before the cursor grows; where it does not, a second Tab lists what it may become. */
static void tab(struct editor *editor)
{
	struct completions all;
	bool again = editor->listed;

	editor->listed = !complete(editor->line, &all);
	if (editor->listed && again && all.count > 0)
		list(editor, &all);
	completions_free(&all);
}

/* ---- Ctrl-R ---- */

static void search_from(struct editor *editor, unsigned back)
{
	unsigned found = history_find(editor->wanted.bytes, back);

	editor->failed = !found;
	if (!found)
		return;
	editor->found = found;
	line_set(editor->line, history_at(found));
}

static void search_begin(struct editor *editor)
{
	editor->searching = true;
	editor->failed = false;
	editor->found = 0;
	editor->before = *editor->line;
	line_set(&editor->wanted, "");
}

/* The line found is the one to edit, and up and down go on from it. */
static void search_end(struct editor *editor, bool keep)
{
	editor->searching = false;
	if (!keep) {
		*editor->line = editor->before;
	} else if (editor->found) {
		if (editor->recall == 0)
			editor->kept = editor->before;
		editor->recall = editor->found;
	}
}

/* What is typed is searched. false: the key ends the search, and is to do what it does elsewhere. */
static bool search_key(struct editor *editor, int key)
{
	switch (key) {
	case CONTROL('R'):
		search_from(editor, editor->found + 1);
		return true;
	case KEY_ERASE:
	case CONTROL('H'):
		line_erase_left(&editor->wanted);
		search_from(editor, 1);
		return true;
	case CONTROL('C'):
	case CONTROL('G'):
		search_end(editor, false);
		return true;
	default:
		if (key < ' ' || key > 0xff) {
			search_end(editor, true);
			return false;
		}
		line_insert(&editor->wanted, (char)key);
		search_from(editor, editor->found ? editor->found : 1);
		return true;
	}
}

/* Keys that change the line or the place in it. */
static void act(struct editor *editor, int key)
{
	struct line *line = editor->line;

	if (key != '\t')
		editor->listed = false;
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
		return clear_screen(editor);
	case KEY_SIZE:
		return take_size(editor);
	case CONTROL('R'):
		return search_begin(editor);
	case '\t':
		return tab(editor);
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

/* Shows the line until a key is there; what changes the window or the jobs meanwhile is shown too. */
static void wait_for_key(struct editor *editor)
{
	enum event event;

	if (key_waits())
		return;
	draw(editor);
	while ((event = event_wait()) != EVENT_KEY) {
		if (event == EVENT_WINDOW) {
			draw_again(editor);
		} else if (jobs_have_news()) {
			put_text("\n");
			flush();
			jobs_tell();
			begin_row(editor);
			draw(editor);
		}
	}
}

enum edit_end edit_line(struct line *line)
{
	static struct editor editor;
	int key;

	editor = (struct editor){ .line = line };
	line_set(line, "");
	begin_row(&editor);
	for (;;) {
		wait_for_key(&editor);
		key = key_read();
		if (editor.searching && search_key(&editor, key))
			continue;
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
