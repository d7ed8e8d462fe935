/* SPDX-License-Identifier: MIT */
/* What a line asks for: programs joined by pipes, each with words and redirections, and an & behind them. */
#pragma once

#include "sh/line.h"

#define COMMANDS_MAX  16
#define WORDS_MAX     256
#define REDIRECTS_MAX 8

struct redirect {
	int fd;
	int flags; /* of open */
	char *path;
};

struct command {
	char *words[WORDS_MAX + 1]; /* NULL behind the last; at least one */
	unsigned nwords;
	struct redirect redirects[REDIRECTS_MAX];
	unsigned nredirects;
};

struct pipeline {
	struct command commands[COMMANDS_MAX];
	unsigned ncommands; /* 0: an empty line */
	bool background;
	size_t extent;			    /* bytes of the line in front of its & or comment */
	char bytes[2 * LINE_MAX_BYTES + 2]; /* the words' */
	size_t used;
};

/* NULL, or what is wrong with the line, for a person to read. */
const char *parse(const char *text, struct pipeline *pipeline);
