/* SPDX-License-Identifier: MIT */
/* Runs scripts and random sequences, here or in a process that may die of it. */
#pragma once

#include <stdint.h>

#include "script.h"

/* What became of a run. The script is kept while it runs, so that it is there when it dies. */
struct run {
	struct script script;
	char why[400];		       /* the first line that it died with; empty: it did not */
	unsigned pauses, runs, moving; /* for who counts them */
};

/*
 * In this process: ends it by failed() or worse where model and kernel differ. A script is checked
 * every so many operations (0: at its end), and how many pauses number `op` had is told.
 */
unsigned run_script(const struct script *script, size_t every, size_t op);
void run_random(struct run *run, uint64_t seed, uint64_t steps);

/* One in memory that processes share. */
struct run *run_shared(void);

/*
 * Calls fn in a process of its own, with `seconds` to live: true if it ended well; else run->why
 * says what it died with. What it prints on standard output comes out; on standard error only if
 * `loud`.
 */
bool run_apart(struct run *run, void (*fn)(struct run *run, void *arg), void *arg, unsigned seconds,
	       bool loud);

/* Runs run->script in a process of its own, as run_apart() does. */
bool run_script_apart(struct run *run, bool loud);
