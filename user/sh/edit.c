/* SPDX-License-Identifier: MIT */
/* The line editor: what each key does, the prompt's text, completions and the search of history. */
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
#include "sh/row.h"
#include "sh/terminal.h"

#define PROMPT	     "faultline> "
#define NARROW	     "> "
#define WIDE	     40 /* the least columns for the long prompt */
#define SEARCH_BYTES 60 /* the most bytes shown of the text searched for */

struct editor {
	struct line *line;
	unsigned recall;  /* lines back in history; 0: the new line */
	struct line kept; /* the new line, while an old one is shown */
	bool listed;	  /* the last key was a Tab that added nothing */
	bool asked;	  /* the terminal was asked for its size */
	bool searching;	  /* backwards through history, for `wanted` */
	struct line wanted;
	unsigned found;	    /* lines back; 0: none yet */
	bool failed;	    /* no line matches, or none farther back */
	struct line before; /* the line when the search began */
};

/* Returns the text to show before the line. */
static const char *prompt_of(const struct editor *editor)
{
	static char search[ROW_PROMPT_MAX];
	unsigned width = terminal_columns();

	if (!editor->searching)
		return width >= WIDE ? PROMPT : NARROW;
	snprintf(search, sizeof(search), "%s%.*s > ",
		 editor->failed ? "not found: " : "search: ", SEARCH_BYTES, editor->wanted.bytes);
	if (editor->wanted.length > SEARCH_BYTES || row_text_columns(search) > width / 2)
		return editor->failed ? "?! " : "?: ";
	return search;
}

static void edit_draw(struct editor *editor)
{
	row_show(prompt_of(editor), editor->line);
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
 * Without ./run.sh nothing reports a change of the window's size, for a UART carries only bytes. So
 * this moves the cursor to the lower right corner and asks the terminal for its position.
 */
static void clear_screen(struct editor *editor)
{
	editor->asked = terminal_is_smart();
	row_put(editor->asked ? "\033[9999;9999H\033[6n\033[H\033[2J" : "\r\n");
	row_forget();
}

/* The size is set only if the terminal was asked: a function key may send the same sequence. */
static void edit_take_size(struct editor *editor)
{
	unsigned rows, columns;

	key_size(&rows, &columns);
	if (editor->asked)
		terminal_set_size(rows, columns);
	editor->asked = false;
}

/* Lists the completions in columns below the row and begins a new row. */
static void edit_list(struct editor *editor, const struct completions *all)
{
	unsigned width = terminal_columns() - 1, widest = 2, per_row;

	for (unsigned i = 0; i < all->count; i++) {
		unsigned columns = row_text_columns(all->names[i]) + 2;

		widest = columns > widest ? columns : widest;
	}
	per_row = width / widest ? width / widest : 1;
	for (unsigned i = 0; i < all->count; i++) {
		row_put(i % per_row ? "" : "\n");
		row_put(all->names[i]);
		if (i % per_row + 1 < per_row)
			row_put_blanks(widest - row_text_columns(all->names[i]));
	}
	row_put("\n");
	row_begin();
}

/* Completes the word before the cursor. If nothing is added, a second Tab lists the completions. */
static void tab(struct editor *editor)
{
	struct completions all;
	bool again = editor->listed;

	editor->listed = !complete(editor->line, &all);
	if (editor->listed && again && all.count > 0)
		edit_list(editor, &all);
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

/* keep: the line found is now edited, and up and down continue from it. */
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

/* Handles a key during a search. Returns false if the key ends it and has yet to be acted on. */
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

/* Handles keys that change the line or move the cursor. */
static void edit_act(struct editor *editor, int key)
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
		return edit_take_size(editor);
	case CONTROL('R'):
		return search_begin(editor);
	case '\t':
		return tab(editor);
	default:
		if (key >= 0 && key <= 0xff)
			line_insert(line, (char)key);
	}
}

static enum edit_end edit_finish(struct editor *editor, const char *mark, enum edit_end end)
{
	editor->line->cursor = editor->line->length;
	if (end != EDIT_END_OF_INPUT)
		edit_draw(editor);
	row_put(mark);
	row_put("\n");
	row_flush();
	return end;
}

static enum edit_end edit_line_end(const struct line *line)
{
	return line->full ? EDIT_TOO_LONG : EDIT_LINE;
}

/*
 * Shows the line and waits for a key. Shows changes of the window's size and of jobs too. The
 * prompt does not learn when a job writes to the terminal. So while a job runs, the row is redrawn
 * periodically, below the job's output.
 */
static void wait_for_key(struct editor *editor)
{
	bool restless = jobs_run();
	enum event event;

	if (key_waits())
		return;
	if (restless)
		row_doubt();
	edit_draw(editor);
	while ((event = events_wait(restless)) != EVENT_KEY) {
		if (event == EVENT_WINDOW) {
			row_show_again(prompt_of(editor), editor->line);
		} else if (event == EVENT_TIME) {
			row_doubt();
			edit_draw(editor);
		} else if (jobs_have_news()) {
			row_put("\n");
			row_flush();
			jobs_tell();
			row_begin();
			edit_draw(editor);
			restless = jobs_run();
		}
	}
}

enum edit_end edit_line(struct line *line)
{
	static struct editor editor;
	int key;

	editor = (struct editor){ .line = line };
	line_set(line, "");
	row_begin();
	for (;;) {
		wait_for_key(&editor);
		key = key_read();
		if (editor.searching && search_key(&editor, key))
			continue;
		if (key == '\r' || key == '\n')
			return edit_finish(&editor, "", edit_line_end(line));
		if (key == CONTROL('C'))
			return edit_finish(&editor, "^C", EDIT_DROPPED);
		if (key == KEY_END_OF_INPUT || (key == CONTROL('D') && line->length == 0))
			return edit_finish(&editor, "", EDIT_END_OF_INPUT);
		edit_act(&editor, key);
	}
}

/* Reads byte by byte: input after the line is for the program that the line starts. */
enum edit_end edit_plain(int fd, struct line *line)
{
	bool any = false;
	char byte;
	ssize_t n;

	line_set(line, "");
	for (;;) {
		n = read(fd, &byte, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return any ? edit_line_end(line) : EDIT_END_OF_INPUT;
		if (byte == '\n')
			return edit_line_end(line);
		line_insert(line, byte == '\t' ? ' ' : byte);
		any = true;
	}
}
