/* SPDX-License-Identifier: MIT */
/* What a line asks for: pipelines of programs, each with words and redirections, and what joins them. */
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

/* What stands behind a pipeline: on what the next one depends. */
enum join { JOIN_ALWAYS, JOIN_IF_TRUE, JOIN_IF_FALSE }; /* ; & or the end, &&, || */

struct pipeline {
	struct command commands[COMMANDS_MAX];
	unsigned ncommands; /* 0: there is nothing but blanks and a comment */
	bool background;
	enum join join;
	const char *rest; /* of the text, behind what joins */
	size_t extent;	  /* bytes of the text in front of that, or of a comment */
	char bytes[2 * LINE_MAX_BYTES + 2]; /* the words' */
	size_t used;
};

/* Takes the first pipeline of a text. NULL, or what is wrong with it, for a person to read. */
const char *parse(const char *text, struct pipeline *pipeline);

/* NULL, or what is wrong with any pipeline of a line. room: for one of them */
const char *parse_check(const char *line, struct pipeline *room);
