/* SPDX-License-Identifier: MIT */
/* The image that a process runs: its object, which may not be written meanwhile, and its path. */
#pragma once

#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/check/counted.h"

struct object;

/* Shared with the child by fork, replaced by exec. */
struct exe {
	struct refcount refs;
	struct object *object; /* const; referenced, and refuses writers */
	struct counted counted;
	vaddr_t bias; /* const once the image runs: load address minus file address */
	char path[];  /* const; absolute and resolved */
};

extern struct counted_kind exe_kind;

/* Creates an exe with one reference. Returns 0, -ETXTBSY (open for writing) or -ENOMEM. */
int exe_create(struct object *object, const char *path, struct exe **exe_ret);
void exe_get(struct exe *exe);
void exe_put(struct exe *exe);
