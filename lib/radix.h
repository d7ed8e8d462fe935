/* SPDX-License-Identifier: MIT */
/* A 64-ary radix tree from index to pointer. Its user supplies nodes, so inserting cannot fail. */
#pragma once

#include "lib/types.h"

#define RADIX_SHIFT	  6
#define RADIX_SLOTS	  (1u << RADIX_SHIFT)
#define RADIX_DEPTH_MAX	  11
/*
 * The most nodes that one insertion can need: the tree may grow both up and down. Indices below
 * 2^24 need at most 6.
 */
#define RADIX_MISSING_MAX (2 * RADIX_DEPTH_MAX - 2)

struct radix_node {
	uint64_t used; /* a bit for each slot that is not NULL */
	void *slot[RADIX_SLOTS];
};

_Static_assert(RADIX_SLOTS == 64, "a bit for each slot");

/* Nodes to be used, or no longer used. They are linked by their first slot. */
struct radix_spare {
	struct radix_node *first;
	unsigned count;
};

struct radix {
	struct radix_node *root;
	unsigned levels; /* levels of nodes; 0: empty */
	unsigned nodes;	 /* of all levels */
	uint64_t count;	 /* pointers in the tree */
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
 * A set of spare nodes. A node that is given need not be initialised. radix_spare_take() returns
 * NULL if the set is empty.
 */
static inline void radix_spare_init(struct radix_spare *spare)
{
	*spare = (struct radix_spare){ 0 };
}
void radix_spare_give(struct radix_spare *spare, struct radix_node *node);
struct radix_node *radix_spare_take(struct radix_spare *spare);

/* Returns how many nodes an insertion at index would need now: 0 to RADIX_MISSING_MAX. */
unsigned radix_missing(const struct radix *radix, uint64_t index);

/*
 * Inserts ptr at index. ptr is not NULL, index is not UINT64_MAX, and there is nothing at index.
 * `spare` has at least radix_missing() nodes, and keeps those that are not needed.
 */
void radix_insert(struct radix *radix, uint64_t index, void *ptr, struct radix_spare *spare);

/*
 * Inserts n pointers, none of them NULL, at index and the indices after it, as far as there is
 * nothing at these and no node is missing, and not beyond the node that has index. Returns how many
 * it has inserted.
 */
unsigned radix_insert_run(struct radix *radix, uint64_t index, void *const *ptrs, unsigned n);

/* Returns the pointer at index, or NULL. */
void *radix_find(const struct radix *radix, uint64_t index);

/*
 * Returns the slots of index and of the *n_ret - 1 indices after it, for reading: pointers or NULL.
 * Returns NULL if there is nothing at any of these indices.
 */
void *const *radix_slots(const struct radix *radix, uint64_t index, unsigned *n_ret);

/* Returns the slots of radix_slots() for writing: their pointers may be replaced by others, not by NULL. */
void **radix_slots_to_replace(struct radix *radix, uint64_t index, unsigned *n_ret);

/* Replaces the pointer at index, where there is one. Returns the old one. */
void *radix_replace(struct radix *radix, uint64_t index, void *ptr);

/*
 * Removes the pointer at index. Nodes that are empty then go into `freed`. Returns the pointer, or
 * NULL if there was none.
 */
void *radix_remove(struct radix *radix, uint64_t index, struct radix_spare *freed);

/*
 * Returns the pointer at the lowest index of [*index, last] that has one, and stores that index in
 * *index; NULL if there is none. To continue, start at *index + 1, unless that is beyond last. A
 * hole of any size costs a few steps on each level. What was found may be removed.
 */
void *radix_next(const struct radix *radix, uint64_t *index, uint64_t last);

/*
 * Iterates over the pointers in [first, last], in order. `index` is a uint64_t variable, `ptr` a
 * pointer variable.
 */
#define radix_for_each_range(ptr, index, radix, first, last)                                 \
	for ((index) = (first);                                                              \
	     ((ptr) = (index) <= (last) ? radix_next(radix, &(index), last) : NULL) != NULL; \
	     (index)++)
