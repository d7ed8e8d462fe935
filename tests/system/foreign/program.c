/* SPDX-License-Identifier: MIT */
/* The program of a foreign project: what its first argument asks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "status") == 0 && argc > 2)
		return atoi(argv[2]);
	if (strcmp(what, "points") == 0) {
		puts("1..2\nok 1 - one\nok 2 - two");
		return 0;
	}
	if (strcmp(what, "input") == 0)
		return getchar() == EOF ? 0 : 1;
	if (strcmp(what, "argument") == 0)
		return argc == 4 && strcmp(argv[2], "a b") == 0 && argv[3][0] == '\0' ? 0 : 1;
	return 99;
}
