/* SPDX-License-Identifier: MIT */
/* What one owner has locked of one file: ranges that do not overlap, in order. */
#pragma once

#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"

/* The last byte that can be locked; a lock "to the end" ends there. */
#define LOCK_RANGE_END INT64_MAX

/* Bytes [start, end], both included; neither is above LOCK_RANGE_END. Guarded by locks_mutex; a spare is private. */
struct lock_range {
	union {
		struct tree_node node; /* its weight is 1 if the type is F_WRLCK, else 0 */
		struct list link;      /* of a spare */
	};
	uint64_t start, end;
	unsigned type; /* F_RDLCK or F_WRLCK; to be set, F_UNLCK too */
};

/* Two neighbours of one type are one range. */
struct lock_ranges {
	struct tree tree; /* struct lock_range.node, by `start` */
	uint32_t count;
};

/* Ranges that are not in use: what a change needs is taken from there, what it frees goes there. Private to the thread. */
struct lock_spares {
	struct list list;
	struct tree tree; /* ranges that were all removed at once */
	uint32_t count;	  /* of both */
};

/* A change needs so many spares at most. */
#define LOCK_SPARES_MAX 2

void lock_ranges_init(struct lock_ranges *ranges);
void lock_spares_init(struct lock_spares *spares);
void lock_spares_add(struct lock_spares *spares, struct lock_range *range);
/* Takes one out, or returns NULL. */
struct lock_range *lock_spares_take(struct lock_spares *spares);

/*
 * Gives [start, end] the type `type`; F_UNLCK removes what is there. Returns 0, or -ENOLCK if
 * there are too few spares, or if that makes more ranges than there are and than `most`; then
 * nothing has changed. Takes time in proportion to the ranges that it joins or removes, and to the
 * logarithm of all; to remove all ranges takes none, if no others were removed like that since the
 * spares were empty.
 */
int lock_ranges_set(struct lock_ranges *ranges, unsigned type, uint64_t start, uint64_t end,
		    uint32_t most, struct lock_spares *spares);

/* Returns the first range that overlaps [start, end] and, with `writes`, is of any type, else F_WRLCK. */
const struct lock_range *lock_ranges_find(const struct lock_ranges *ranges, uint64_t start,
					  uint64_t end, bool writes);

/* Returns the range after this one, or the first one if `range` is NULL; NULL at the end. */
const struct lock_range *lock_ranges_next(const struct lock_ranges *ranges,
					  const struct lock_range *range);
