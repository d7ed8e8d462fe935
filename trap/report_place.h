/* SPDX-License-Identifier: MIT */
/* Where an address lies in the running address space, as a report tells it. */
#pragma once

#include "mm/space.h"

/* A VMA as it was when it was looked at. */
struct area {
	bool there;
	bool image;    /* maps the running program's file */
	bool variable; /* which has a variable there, not a function (set by who asks for its name) */
	vaddr_t start, end;
	unsigned prot, flags;
	const char *backend;
	uint64_t offset;      /* bytes into its object at start */
	uint64_t object_size; /* bytes; UINT64_MAX: none */
};

struct place {
	vaddr_t addr;
	struct area below, at, above; /* in `at`, or between the two others */
	vaddr_t brk_start, brk;
	uint64_t limit_stack;
	struct space_unmap unmapped; /* the last that covered it; end 0: none is remembered */
};

/* => in a process; no spinning lock held */
struct place place_of(vaddr_t addr);

/* The walk for an access RIGHT_* to it, in words. => as above */
void place_walk(vaddr_t addr, unsigned right, char *buf, size_t size);
