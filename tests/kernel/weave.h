/* SPDX-License-Identifier: MIT */
/* Kernel threads that are made to run into one another, as on several harts, by a seed. */
#pragma once

#include "lib/types.h"
#include "sync/interleave.h"

#define WEAVERS_MAX 8

/* Where a thread lost its hart. */
enum weave_point {
	WEAVE_PAUSE,	/* vm_pause(): always */
	WEAVE_DECIDED,	/* a fault has its page: often */
	WEAVE_UNMAPPED, /* an entry is gone, and still counts */
	WEAVE_LOCK,	/* + the lock's class: before it is taken, after it was released */
	WEAVE_UNLOCK = WEAVE_LOCK + LOCK_CLASSES,
	WEAVE_POINTS = WEAVE_UNLOCK + LOCK_CLASSES
};

struct weave {
	uint64_t steps; /* points that were passed */
	uint64_t switches[WEAVE_POINTS];
	uint64_t entries; /* that the "hardware" changed between a look and a grant */
};

/*
 * Runs fn(0) ... fn(n - 1) as kernel threads until all have returned, and adds to *weave. The same
 * seed makes the same run. Only in the hardened build.
 */
void weave_run(struct weave *weave, uint64_t seed, unsigned n, void (*fn)(unsigned index));

/* Draws by lot, for what runs in it: a number below n. */
uint64_t weave_below(uint64_t n);

/* Says the figures. */
void weave_report(const struct weave *weave, uint64_t seed, unsigned rounds);
