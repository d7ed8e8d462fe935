/* SPDX-License-Identifier: MIT */
/* A parsed line: pipelines of commands with words and redirections, and the operators between. */
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
	char *words[WORDS_MAX + 1]; /* at least one; NULL after the last */
	unsigned nwords;
	struct redirect redirects[REDIRECTS_MAX];
	unsigned nredirects;
};

/* The operator after a pipeline: whether the next one runs depends on it. */
enum join { JOIN_ALWAYS, JOIN_IF_TRUE, JOIN_IF_FALSE }; /* ; & or the end, &&, || */

struct pipeline {
	struct command commands[COMMANDS_MAX];
	unsigned ncommands; /* 0: only blanks or a comment */
	bool background;
	enum join join;
	const char *rest;		    /* the text after the operator */
	size_t extent;			    /* bytes of the text before the operator or a comment */
	char bytes[2 * LINE_MAX_BYTES + 2]; /* the words' bytes */
	size_t used;
};

/* Parses the first pipeline of a text. Returns NULL, or a message for the user. */
const char *parse(const char *text, struct pipeline *pipeline);

/* Checks all pipelines of a line. Returns NULL, or a message for the user. room: overwritten */
const char *parse_check(const char *line, struct pipeline *room);
