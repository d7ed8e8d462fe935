/* SPDX-License-Identifier: MIT */
/* The commands' options are single letters without values, so getopt() is not needed. */
#include "sh/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int options_take(char **argv, const char *letters, bool *seen, const char *usage)
{
	int i = 1;

	for (; argv[i] && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		for (const char *letter = argv[i] + 1; *letter; letter++) {
			const char *found = strchr(letters, *letter);

			if (!found) {
				dprintf(STDERR_FILENO, "sh: %s: unknown option -%c\nusage: %s\n",
					argv[0], *letter, usage);
				return -1;
			}
			seen[found - letters] = true;
		}
	}
	return i;
}
