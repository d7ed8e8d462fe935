/* SPDX-License-Identifier: MIT */
/* Simple patterns, for grep: . any character, * the one before any number of times, ^ $ the ends, \\x. Pure. */
#pragma once

#include <stdbool.h>

bool pattern_matches(const char *pattern, const char *line, bool any_case);
