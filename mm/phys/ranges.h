/* SPDX-License-Identifier: MIT */
/* Sets of physical address ranges, for boot. */
#pragma once

#include "arch/bootmap.h"
#include "lib/types.h"

#define RANGES_MAX 128

/* Sorted; no two overlap or touch. All zero: empty. */
struct ranges {
	unsigned count;
	struct phys_range range[RANGES_MAX];
};

/* Adds a range, merged with those that it overlaps or touches: 0 or -E2BIG. => not empty */
int ranges_add(struct ranges *set, struct phys_range range);

/*
 * The lowest address in `within` of size bytes that no range of the set touches; 0 where there is
 * none.
 */
paddr_t ranges_gap(const struct ranges *set, struct phys_range within, size_t size);
