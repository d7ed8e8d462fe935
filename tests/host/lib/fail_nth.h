/* SPDX-License-Identifier: MIT */
/* For host tests that let the Nth allocation fail: how it fails, and what is printed of it. */
#pragma once

#include <stdio.h>
#include <unistd.h>

#include "mm/check/alloc_fail.h"
#include "test.h"

/* One fails; one does, and whoever asks the policy may ask again; all fail from that one on. */
enum fail_mode { FAIL_ONE, FAIL_RELIEVED, FAIL_ALL, FAIL_MODES };

static inline void fail_arm(uint64_t at, enum fail_mode mode)
{
	(void)alloc_fail_set(at, NULL, mode == FAIL_ALL ? ALLOC_FAIL_STARVE : ALLOC_FAIL_REFUSE);
}

/* Returns whether the allocation was reached. */
static inline bool fail_disarm(void)
{
	return alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
}

/* Where reports go: standard output, which main() keeps for tests in processes of their own. */
static int fail_out;

/*
 * Prints how many allocations the scenario makes. Ends the test where there is none that could fail although it needs
 * some, or one although it needs none.
 */
static inline void fail_report(const char *name, enum fail_mode mode, unsigned allocations,
			       bool needs_some)
{
	static const char *const names[] = { "one fails", "and is had then", "and all after it" };

	dprintf(fail_out, "# R45 %s: %u allocations, %s\n", name, allocations, names[mode]);
	if ((allocations > 0) != needs_some)
		fail_msg("%s makes %u allocations", name, allocations);
}
