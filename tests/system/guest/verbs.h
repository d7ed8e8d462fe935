/* SPDX-License-Identifier: MIT */
/* For programs of many parts, of which each run does one: the first argument is its name, the others are for it. */
#pragma once

#include "expect.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct verb {
	const char *name;
	void (*act)(char **argv);
	bool says; /* its output is for the test: it does not say that all was right */
};

/* Returns what main() is to return: 2 if there is no such verb. */
static int do_verb(const struct verb *verbs, size_t n, const char *program, char **argv)
{
	for (size_t i = 0; argv[1] && i < n; i++) {
		if (strcmp(verbs[i].name, argv[1]) != 0)
			continue;
		verbs[i].act(argv + 2);
		if (!nwrong && !verbs[i].says)
			printf("%s: ok\n", program);
		return nwrong != 0;
	}
	return 2;
}
