/* SPDX-License-Identifier: MIT */
/* Splits paths into components. Pure: no lock, no allocation. */
#pragma once

#include "lib/types.h"

enum path_kind {
	PATH_ROOT,   /* only slashes were left */
	PATH_DOT,    /* "." */
	PATH_DOTDOT, /* ".." */
	PATH_NAME,
};

struct path_part {
	const char *name; /* points into the path; not terminated */
	size_t len;
	enum path_kind kind;
	bool slash; /* at least one slash follows */
};

/* Takes the first component off a path into *part. Returns the rest, without leading slashes. */
const char *path_part_next(const char *path, struct path_part *part);
