/* SPDX-License-Identifier: MIT */
/* Patterns for grep: . is any byte, * repeats the one before, ^ and $ are the ends, \\x is x. */
#pragma once

#include <stdbool.h>

bool pattern_matches(const char *pattern, const char *line, bool any_case);
