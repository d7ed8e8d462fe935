/* SPDX-License-Identifier: MIT */
/* A 64-ary radix tree, index to pointer; nodes come from its user, inserting cannot fail. */
#pragma once

#include "lib/types.h"

#define RADIX_SHIFT	  6
#define RADIX_SLOTS	  (1u << RADIX_SHIFT)
#define RADIX_DEPTH_MAX	  11
/*
 * Most nodes that one insertion can need: it may grow both up and down. Indices below 2^24 need 6
 * at most.
 */
#define RADIX_MISSING_MAX (2 * RADIX_DEPTH_MAX - 2)

struct radix_node {
	uint32_t used; /* slots that are not NULL */
	void *slot[RADIX_SLOTS];
};

/* Nodes on the way in or out, strung by their first slot. */
struct radix_spare {
	struct radix_node *first;
	unsigned count;
};

struct radix {
	struct radix_node *root;
	unsigned levels; /* of nodes; 0: empty */
	uint64_t count;	 /* pointers held */
};

static inline void radix_init(struct radix *radix)
{
	*radix = (struct radix){ 0 };
}

static inline bool radix_empty(const struct radix *radix)
{
	return radix->count == 0;
}

/*
 * A bag of nodes. A node that is given need not be initialised; take() returns NULL when it is
 * empty.
 */
static inline void radix_spare_init(struct radix_spare *spare)
{
	*spare = (struct radix_spare){ 0 };
}
void radix_spare_give(struct radix_spare *spare, struct radix_node *node);
struct radix_node *radix_spare_take(struct radix_spare *spare);

/* How many nodes an insertion at index would take, as the tree is now: 0 to RADIX_MISSING_MAX. */
unsigned radix_missing(const struct radix *radix, uint64_t index);

/*
 * Puts ptr at index. => ptr is not NULL, index not UINT64_MAX, nothing is there; spare has
 * radix_missing() nodes or more, and keeps what was not needed
 */
void radix_insert(struct radix *radix, uint64_t index, void *ptr, struct radix_spare *spare);

/* What is at index; NULL: nothing. */
void *radix_find(const struct radix *radix, uint64_t index);

/*
 * The slots of index and of the n - 1 indices after it, to be read: pointers or NULL. NULL: there
 * is nothing at any of these n.
 */
void *const *radix_slots(const struct radix *radix, uint64_t index, unsigned *n_ret);

/* Puts another pointer where there is one. => what was there */
void *radix_replace(struct radix *radix, uint64_t index, void *ptr);

/*
 * Takes out what is at index; nodes that are empty then go into `freed`.
 * => what was there, NULL: nothing
 */
void *radix_remove(struct radix *radix, uint64_t index, struct radix_spare *freed);

/*
 * The pointer at the lowest index of [*index, last]; *index becomes that index. Going on: *index +
 * 1, unless that is beyond last. Holes cost by levels, not by their size. Removing what was found
 * does no harm.
 * => NULL: none
 */
void *radix_next(const struct radix *radix, uint64_t *index, uint64_t last);

/*
 * Every pointer in [first, last], in order; `index` is a uint64_t variable, `ptr` a pointer
 * variable.
 */
#define radix_for_each_range(ptr, index, radix, first, last)                                 \
	for ((index) = (first);                                                              \
	     ((ptr) = (index) <= (last) ? radix_next(radix, &(index), last) : NULL) != NULL; \
	     (index)++)

/*
 * Frees everything in [first, last]: calls put(arg, index, ptr) for each; empty nodes go into
 * `freed`.
 */
void radix_remove_range(struct radix *radix, uint64_t first, uint64_t last,
			void (*put)(void *arg, uint64_t index, void *ptr), void *arg,
			struct radix_spare *freed);
