/* SPDX-License-Identifier: MIT */
/* The row of the window that shows the line being edited. */
#pragma once

#include "sh/line.h"

#define ROW_PROMPT_MAX 128 /* bytes */

/*
 * Begins a new row and resets colours and character set. A program may have left the cursor and
 * these in any state.
 */
void row_begin(void);
/* Records that the screen has been cleared and the cursor is in the first column. */
void row_forget(void);

/* Records that a job may have written to the screen. The next row_show() sends the whole row. */
void row_doubt(void);

/* Shows the prompt and the part of the line that fits, scrolled so that the cursor is visible. */
void row_show(const char *prompt, const struct line *line);
/* Shows them anew, after the window may have changed. */
void row_show_again(const char *prompt, const struct line *line);

/* Adds other text to the output. row_show() and row_flush() send it. */
void row_put(const char *text);
void row_put_blanks(unsigned n);
void row_flush(void);

unsigned row_text_columns(const char *text);
