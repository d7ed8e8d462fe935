/* SPDX-License-Identifier: MIT */
/* The Tab key: completion of the word before the cursor. */
#pragma once

#include <stdbool.h>

#include "sh/line.h"

struct completions {
	char **names; /* sorted; a folder's name ends in / */
	unsigned count;
};

/*
 * Extends the word before the cursor by the common prefix of all names that begin with it, quoted
 * like the word. Stores these names in *ret; free them with completions_free(). Returns whether
 * the line has changed.
 */
bool complete(struct line *line, struct completions *ret);
void completions_free(struct completions *completions);
