/* SPDX-License-Identifier: MIT */
/* Sets of physical address ranges, for boot. */
#pragma once

#include "arch/bootmap.h"
#include "lib/types.h"

#define RANGES_MAX 128

/* Sorted; no two ranges overlap or touch. All zero: the empty set. Private to the boot hart. */
struct ranges {
	unsigned count;
	struct phys_range range[RANGES_MAX];
};

/* Adds a range, not empty, merged with those that it overlaps or touches. Returns 0 or -E2BIG. */
int ranges_add(struct ranges *set, struct phys_range range);

/*
 * Returns the lowest address in `within` of `size` bytes that overlap no range of the set, or 0 if
 * there is none.
 */
paddr_t ranges_gap(const struct ranges *set, struct phys_range within, size_t size);
