/* SPDX-License-Identifier: MIT */
/* Taking paths apart: pure. */
#pragma once

#include "lib/types.h"

enum path_kind {
	PATH_ROOT,   /* nothing but slashes was left */
	PATH_DOT,    /* . */
	PATH_DOTDOT, /* .. */
	PATH_NAME,
};

struct path_part {
	const char *name; /* into the path, not terminated */
	size_t len;
	enum path_kind kind;
	bool slash; /* at least one follows it */
};

/* Takes the first component off a path: *part is it; what is left, slashes in front removed. */
const char *path_part_next(const char *path, struct path_part *part);
