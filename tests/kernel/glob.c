/* SPDX-License-Identifier: MIT */
/* Names of tests by pattern. */
#include "tests/kernel/glob.h"

/* Goes back to the last star when a later character does not fit. */
static bool glob_matches(const char *pattern, const char *end, const char *name)
{
	const char *star = NULL, *retry = NULL;

	while (*name != '\0') {
		if (pattern < end && (*pattern == '?' || (*pattern == *name && *pattern != '*'))) {
			pattern++;
			name++;
		} else if (pattern < end && *pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (star) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool glob_list_matches(const char *patterns, const char *name)
{
	for (const char *start = patterns;; start++) {
		const char *end = start;

		while (*end != '\0' && *end != ',')
			end++;
		if (glob_matches(start, end, name))
			return true;
		if (*end == '\0')
			return false;
		start = end;
	}
}
