/* SPDX-License-Identifier: MIT */
/* Sets of physical address ranges, for boot. */
#include "mm/phys/ranges.h"

#include "abi/errno.h"
#include "lib/bits.h"

int ranges_add(struct ranges *set, struct phys_range range)
{
	unsigned first = 0, last;

	while (first < set->count && set->range[first].end < range.start)
		first++;
	last = first;
	while (last < set->count && set->range[last].start <= range.end)
		last++;
	/* [first, last) are the ranges to merge with the new one */
	if (first == last) {
		if (set->count == RANGES_MAX)
			return -E2BIG;
		for (unsigned i = set->count++; i > first; i--)
			set->range[i] = set->range[i - 1];
		set->range[first] = range;
		return 0;
	}
	range.start = MIN(range.start, set->range[first].start);
	range.end = MAX(range.end, set->range[last - 1].end);
	set->range[first] = range;
	for (unsigned i = first + 1, j = last; j < set->count; i++, j++)
		set->range[i] = set->range[j];
	set->count -= last - first - 1;
	return 0;
}

paddr_t ranges_gap(const struct ranges *set, struct phys_range within, size_t size)
{
	paddr_t start = within.start;

	for (unsigned i = 0; i < set->count; i++) {
		const struct phys_range *taken = &set->range[i];

		if (taken->end <= start)
			continue;
		if (taken->start >= within.end)
			break;
		if (taken->start > start && taken->start - start >= size)
			return start;
		start = taken->end;
	}
	return start < within.end && within.end - start >= size ? start : 0;
}
