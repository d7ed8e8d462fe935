/* SPDX-License-Identifier: MIT */
/* The kernel command line: words, each a name or name=value. */
#pragma once

#include "lib/types.h"

/* Pieces of the line itself, not terminated. */
struct cmdline_word {
	const char *name;
	size_t name_len;
	const char *value; /* without its quotes; NULL: there is no '=' */
	size_t value_len;
};

/*
 * The next word at *cursor, which moves behind it. Blanks part words; a value, or a whole word, in
 * double quotes may hold them (a missing closing quote: up to the end).
 * => false: no more
 */
bool cmdline_next(const char **cursor, struct cmdline_word *ret);

/* The last word with that name. => false: none */
bool cmdline_find(const char *line, const char *name, struct cmdline_word *ret);

/*
 * Its value as a string, cut where size is too small; "" where it has none.
 * => false: no such word
 */
bool cmdline_get(const char *line, const char *name, char *buf, size_t size);

/*
 * Its value as a number.
 * => 0; -ENOENT: no such word; -EINVAL, -ERANGE: not a number (*ret untouched)
 */
int cmdline_get_u64(const char *line, const char *name, uint64_t *ret);

/* Is the word's name this one? */
bool cmdline_is(const struct cmdline_word *word, const char *name);
