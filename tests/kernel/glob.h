/* SPDX-License-Identifier: MIT */
/* Names of tests by pattern. */
#pragma once

#include "lib/types.h"

/* One of a list's comma-separated patterns. '*' stands for any run of characters, '?' for one. */
struct glob {
	const char *start, *end; /* behind it: a comma, or the NUL of the list */
};

/* The first pattern of a list, and the next one. glob_next() returns false after the last. */
struct glob glob_first(const char *list);
bool glob_next(struct glob *glob);

bool glob_matches(struct glob glob, const char *name);
bool glob_has(struct glob glob, char c);

/* How many pairs of neighbouring characters, which stand for themselves, are also in the name. */
unsigned glob_likeness(struct glob glob, const char *name);
