/* SPDX-License-Identifier: MIT */
/* Matches byte by byte. A * first matches no byte and, if the rest does not match, one more. */
#include "sh/pattern.h"

#include <ctype.h>
#include <string.h>

/* Does the first element of the pattern match the byte? */
static bool one_matches(const char *pattern, char byte, bool any_case)
{
	unsigned char wanted = (unsigned char)*pattern, is = (unsigned char)byte;

	if (*pattern == '.')
		return true;
	if (*pattern == '\\' && pattern[1])
		wanted = (unsigned char)pattern[1];
	return wanted == is || (any_case && tolower(wanted) == tolower(is));
}

static bool matches_here(const char *pattern, const char *text, bool any_case)
{
	for (;;) {
		size_t n = *pattern == '\\' && pattern[1] ? 2 : 1;

		if (!*pattern)
			return true;
		if (strcmp(pattern, "$") == 0)
			return !*text;
		if (pattern[n] == '*') {
			while (!matches_here(pattern + n + 1, text, any_case))
				if (!*text || !one_matches(pattern, *text++, any_case))
					return false;
			return true;
		}
		if (!*text || !one_matches(pattern, *text, any_case))
			return false;
		pattern += n;
		text++;
	}
}

bool pattern_matches(const char *pattern, const char *line, bool any_case)
{
	if (*pattern == '^')
		return matches_here(pattern + 1, line, any_case);
	do
		if (matches_here(pattern, line, any_case))
			return true;
	while (*line++);
	return false;
}
