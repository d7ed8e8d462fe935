/* SPDX-License-Identifier: MIT */
/* The running image as such: its object, which nobody may write meanwhile, and its path. */
#pragma once

#include "lib/types.h"

struct object;

/* Shared by fork, replaced by exec. */
struct exe {
	uint32_t refs;	       /* atomic */
	struct object *object; /* const; referenced, and denied to writers */
	vaddr_t bias;	       /* const once it runs: where it lies less where its file says */
	char path[];	       /* const; absolute, as it was resolved */
};

/* One reference. -ETXTBSY: somebody has the file open for writing; -ENOMEM. */
int exe_create(struct object *object, const char *path, struct exe **exe_ret);
void exe_get(struct exe *exe);
void exe_put(struct exe *exe);
