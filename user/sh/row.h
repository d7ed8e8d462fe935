/* SPDX-License-Identifier: MIT */
/* The one row of the window in which a line is edited. */
#pragma once

#include "sh/line.h"

#define ROW_PROMPT_MAX 128 /* bytes */

/*
 * A new row, wherever the cursor is: programs may leave it, the colours and the character set
 * anywhere.
 */
void row_begin(void);
/* What was on the screen has gone, and the cursor is in the first column. */
void row_forget(void);

/* Others may have written to the screen: the row is sent whole the next time. */
void row_doubt(void);

/* The prompt, and as much of the line as there is room for, scrolled so that the cursor is seen. */
void row_show(const char *prompt, const struct line *line);
/* The same, where the window may have changed. */
void row_show_again(const char *prompt, const struct line *line);

/* Anything else, behind what was shown. It is sent with the row, or now: */
void row_put(const char *text);
void row_put_blanks(unsigned n);
void row_flush(void);

unsigned row_text_columns(const char *text);
