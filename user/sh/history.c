/* SPDX-License-Identifier: MIT */
/* A ring of the last HISTORY_MAX lines. */
#include "sh/history.h"

#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 100

static char *lines[HISTORY_MAX];
static unsigned count; /* of all lines added so far */

const char *history_at(unsigned back)
{
	if (back == 0 || back > count || back > HISTORY_MAX)
		return NULL;
	return lines[(count - back) % HISTORY_MAX];
}

void history_add(const char *text)
{
	const char *last = history_at(1);
	char *copy;

	if (!*text || (last && strcmp(last, text) == 0))
		return;
	copy = strdup(text);
	if (!copy)
		return;
	free(lines[count % HISTORY_MAX]);
	lines[count++ % HISTORY_MAX] = copy;
}

unsigned history_find(const char *text, unsigned back)
{
	const char *line;

	for (; (line = history_at(back)); back++)
		if (strstr(line, text))
			return back;
	return 0;
}
