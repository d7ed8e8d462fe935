/* SPDX-License-Identifier: MIT */
/* A line under edit: its bytes, the cursor, and the steps that the keys make. Pure: no terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX_BYTES 4096

struct line {
	char bytes[LINE_MAX_BYTES + 1]; /* no control characters; a NUL behind the last */
	size_t length;
	size_t cursor; /* never inside a character */
	bool full;     /* something found no room, and nothing was taken out since */
};

void line_set(struct line *line, const char *text);
void line_insert(struct line *line,
		 char byte); /* control bytes, and what finds no room, are dropped */

void line_left(struct line *line);
void line_right(struct line *line);
void line_erase_left(struct line *line);  /* the character before the cursor */
void line_erase_right(struct line *line); /* the one under it */
void line_cut_left(struct line *line);	  /* all before the cursor */
void line_cut_right(struct line *line);	  /* all from the cursor on */
void line_cut_word(struct line *line);	  /* the word before the cursor, and blanks behind it */

/* The bytes of the character that begins at text (n > 0 bytes there); *columns_ret: 0, 1 or 2. */
size_t line_char(const char *text, size_t n, unsigned *columns_ret);

/* Can a character of n bytes be shown as it is? false: part of none, or a control one. */
bool line_char_is_text(const char *text, size_t n);
