/* SPDX-License-Identifier: MIT */
/* The kernel command line: words of the form name or name=value. */
#pragma once

#include "lib/types.h"

/* Its strings are parts of the line itself, and not terminated. */
struct cmdline_word {
	const char *name;
	size_t name_len;
	const char *value; /* without its quotes; NULL if there is no '=' */
	size_t value_len;
};

/*
 * Gets the next word at *cursor and moves *cursor behind it. Words are separated by blanks. A
 * value, or a whole word, in double quotes may have blanks in it; without a closing quote it
 * extends to the end. Returns false if there is no more word.
 */
bool cmdline_next(const char **cursor, struct cmdline_word *ret);

/* Gets the last word with that name. Returns false if there is none. */
bool cmdline_find(const char *line, const char *name, struct cmdline_word *ret);

/*
 * Gets the value of that word as a string, cut if `size` is too small; "" if it has none. Returns
 * false if there is no such word.
 */
bool cmdline_get(const char *line, const char *name, char *buf, size_t size);

/*
 * Gets the value of that word as a number. Returns 0, -ENOENT if there is no such word, or -EINVAL
 * or -ERANGE if it is not a number; *ret is unchanged then.
 */
int cmdline_get_u64(const char *line, const char *name, uint64_t *ret);

/* Does the word have that name? */
bool cmdline_is(const struct cmdline_word *word, const char *name);
