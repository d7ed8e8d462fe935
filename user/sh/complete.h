/* SPDX-License-Identifier: MIT */
/* Tab: what the word before the cursor may become. */
#pragma once

#include <stdbool.h>

#include "sh/line.h"

struct completions {
	char **names; /* sorted, folders with a / behind them */
	unsigned count;
};

/*
 * Completes the word before the cursor as far as all names that begin so agree, quoted as it is.
 * Gives these names, to be freed. false: nothing was added to the line.
 */
bool complete(struct line *line, struct completions *ret);
void completions_free(struct completions *completions);
