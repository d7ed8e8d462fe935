/* SPDX-License-Identifier: MIT */
/* The image that a process runs: its object, which may not be written meanwhile, and its name. */
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
	/* Guarded by the lock of reports (proc/exe.c): */
	uint64_t reported_ns; /* when a death of its processes had a whole report last */
	unsigned ndeaths;     /* from that one on */
	vaddr_t bias;	      /* const once the image runs: load address minus file address */
	char name[];	      /* const: an absolute and resolved path */
};

extern struct counted_kind exe_kind;

/* Creates an exe with one reference. Returns 0, -ETXTBSY (open for writing) or -ENOMEM. */
int exe_create(struct object *object, const char *name, struct exe **exe_ret);
void exe_get(struct exe *exe);
void exe_put(struct exe *exe);

/*
 * A fault kills a process that runs the image. How much of it is reported? Of an image there is one whole report in ten
 * seconds. Some more deaths have its first line, and the rest is counted: the log has their number before the next report
 * or when the image ends.
 */
enum report_size { REPORT_NOTHING, REPORT_LINE, REPORT_WHOLE };
enum report_size exe_begin_report(struct exe *exe);
