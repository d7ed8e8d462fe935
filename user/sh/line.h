/* SPDX-License-Identifier: MIT */
/* The line being edited: its bytes, its cursor and the keys' operations. Needs no terminal. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX_BYTES 4096

struct line {
	char bytes[LINE_MAX_BYTES + 1]; /* no control characters; a NUL after the last */
	size_t length;
	size_t cursor; /* never inside a character */
	bool full;     /* a byte did not fit, and none was removed since */
};

void line_set(struct line *line, const char *text);
void line_insert(struct line *line, char byte); /* drops control bytes and bytes that do not fit */

void line_left(struct line *line);
void line_right(struct line *line);
void line_erase_left(struct line *line);  /* the character before the cursor */
void line_erase_right(struct line *line); /* the character under the cursor */
void line_cut_left(struct line *line);	  /* all before the cursor */
void line_cut_right(struct line *line);	  /* all from the cursor on */
void line_cut_word(struct line *line);	  /* the word before the cursor, and the blanks after it */

/*
 * Returns the length in bytes of the character at text, which has n > 0 bytes. Stores its width, 0
 * to 2 columns.
 */
size_t line_char(const char *text, size_t n, unsigned *columns_ret);

/* Can the character of n bytes be shown? false: an invalid byte or a control character. */
bool line_char_is_text(const char *text, size_t n);
