/* SPDX-License-Identifier: MIT */
/* Names of tests by pattern. */
#include "tests/kernel/glob.h"

static struct glob glob_from(const char *start)
{
	const char *end = start;

	while (*end != '\0' && *end != ',')
		end++;
	return (struct glob){ start, end };
}

struct glob glob_first(const char *list)
{
	return glob_from(list);
}

bool glob_next(struct glob *glob)
{
	if (*glob->end == '\0')
		return false;
	*glob = glob_from(glob->end + 1);
	return true;
}

/* Goes back to the last star when a later character does not fit. */
bool glob_matches(struct glob glob, const char *name)
{
	const char *pattern = glob.start, *star = NULL, *retry = NULL;

	while (*name != '\0') {
		if (pattern < glob.end &&
		    (*pattern == '?' || (*pattern == *name && *pattern != '*'))) {
			pattern++;
			name++;
		} else if (pattern < glob.end && *pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (star) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < glob.end && *pattern == '*')
		pattern++;
	return pattern == glob.end;
}

bool glob_has(struct glob glob, char c)
{
	for (const char *at = glob.start; at < glob.end; at++)
		if (*at == c)
			return true;
	return false;
}

static bool is_literal(char c)
{
	return c != '*' && c != '?';
}

static bool has_pair(const char *name, const char *pair)
{
	for (; name[0] != '\0' && name[1] != '\0'; name++) {
		if (name[0] == pair[0] && name[1] == pair[1])
			return true;
	}
	return false;
}

unsigned glob_likeness(struct glob glob, const char *name)
{
	unsigned pairs = 0;

	for (const char *at = glob.start; at + 1 < glob.end; at++)
		pairs += is_literal(at[0]) && is_literal(at[1]) && has_pair(name, at);
	return pairs;
}
