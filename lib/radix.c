/* SPDX-License-Identifier: MIT */
/* The radix tree: look-up, growth and pruning. */
#include "lib/radix.h"

#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/string.h"

/* The slot of index in a node with `level` levels below it (0: its slots are the pointers). */
static unsigned radix_slot(uint64_t index, unsigned level)
{
	return (index >> (level * RADIX_SHIFT)) & (RADIX_SLOTS - 1);
}

static uint64_t slot_bit(unsigned slot)
{
	return 1ul << slot;
}

/* The greatest index that so many levels of nodes can hold. */
static uint64_t radix_max_index(unsigned levels)
{
	if (levels == 0)
		return 0;
	return levels >= RADIX_DEPTH_MAX ? UINT64_MAX : (1ul << (levels * RADIX_SHIFT)) - 1;
}

/* The fewest levels that reach index. */
static unsigned radix_levels_for(uint64_t index)
{
	unsigned levels = 1;

	while (radix_max_index(levels) < index)
		levels++;
	return levels;
}

void radix_spare_give(struct radix_spare *spare, struct radix_node *node)
{
	node->slot[0] = spare->first;
	spare->first = node;
	spare->count++;
}

struct radix_node *radix_spare_take(struct radix_spare *spare)
{
	struct radix_node *node = spare->first;

	if (node != NULL) {
		spare->first = node->slot[0];
		spare->count--;
	}
	return node;
}

static struct radix_node *radix_new_node(struct radix *radix, struct radix_spare *spare)
{
	struct radix_node *node = radix_spare_take(spare);

	assert(node != NULL);
	memset(node, 0, sizeof(*node));
	radix->nodes++;
	return node;
}

unsigned radix_missing(const struct radix *radix, uint64_t index)
{
	const struct radix_node *node = radix->root;
	unsigned want = radix_levels_for(index);
	unsigned level;

	if (node == NULL)
		return want;
	/* New levels above the root, and the whole way down from another slot of the new root. */
	if (want > radix->levels)
		return (want - radix->levels) + (want - 1);
	for (level = radix->levels - 1; level > 0; level--) {
		node = node->slot[radix_slot(index, level)];
		if (node == NULL)
			return level;
	}
	return 0;
}

/* Adds levels above the root until index can be reached. */
static void radix_grow(struct radix *radix, uint64_t index, struct radix_spare *spare)
{
	unsigned want = radix_levels_for(index);

	if (radix->root == NULL) {
		radix->root = radix_new_node(radix, spare);
		radix->levels = want;
	}
	while (radix->levels < want) {
		struct radix_node *top = radix_new_node(radix, spare);

		top->slot[0] = radix->root;
		top->used = slot_bit(0);
		radix->root = top;
		radix->levels++;
	}
}

void radix_insert(struct radix *radix, uint64_t index, void *ptr, struct radix_spare *spare)
{
	struct radix_node *node;
	void **slot;

	assert(ptr != NULL && index != UINT64_MAX);
	radix_grow(radix, index, spare);
	node = radix->root;
	for (unsigned level = radix->levels - 1; level > 0; level--) {
		slot = &node->slot[radix_slot(index, level)];
		if (*slot == NULL) {
			*slot = radix_new_node(radix, spare);
			node->used |= slot_bit(radix_slot(index, level));
		}
		node = *slot;
	}
	slot = &node->slot[radix_slot(index, 0)];
	assert(*slot == NULL);
	*slot = ptr;
	node->used |= slot_bit(radix_slot(index, 0));
	radix->count++;
}

/* Returns the node with the slot for index, or NULL if the tree has none. */
static inline struct radix_node *radix_leaf(const struct radix *radix, uint64_t index)
{
	struct radix_node *node = radix->root;
	unsigned shift;

	if (node == NULL)
		return NULL;
	shift = (radix->levels - 1) * RADIX_SHIFT;
	if (index >> shift >= RADIX_SLOTS)
		return NULL;
	for (; shift > 0 && node != NULL; shift -= RADIX_SHIFT)
		node = node->slot[(index >> shift) & (RADIX_SLOTS - 1)];
	return node;
}

/* Returns the slot for index, or NULL if the tree has none. */
static void **radix_lookup(const struct radix *radix, uint64_t index)
{
	struct radix_node *leaf = radix_leaf(radix, index);

	return leaf != NULL ? &leaf->slot[radix_slot(index, 0)] : NULL;
}

unsigned radix_insert_run(struct radix *radix, uint64_t index, void *const *ptrs, unsigned n)
{
	struct radix_node *leaf = radix_leaf(radix, index);
	unsigned first = radix_slot(index, 0), done = 0;

	if (leaf == NULL)
		return 0;
	while (done < n && first + done < RADIX_SLOTS && leaf->slot[first + done] == NULL) {
		assert(ptrs[done] != NULL && index + done != UINT64_MAX);
		leaf->slot[first + done] = ptrs[done];
		done++;
	}
	if (done != 0)
		leaf->used |= ~0ul >> (RADIX_SLOTS - done) << first;
	radix->count += done;
	return done;
}

void *radix_find(const struct radix *radix, uint64_t index)
{
	void **slot = radix_lookup(radix, index);

	return slot != NULL ? *slot : NULL;
}

void *const *radix_slots(const struct radix *radix, uint64_t index, unsigned *n_ret)
{
	void **slot = radix_lookup(radix, index);

	*n_ret = RADIX_SLOTS - (unsigned)(index % RADIX_SLOTS);
	return slot;
}

void **radix_slots_to_replace(struct radix *radix, uint64_t index, unsigned *n_ret)
{
	*n_ret = RADIX_SLOTS - radix_slot(index, 0);
	return radix_lookup(radix, index);
}

void *radix_replace(struct radix *radix, uint64_t index, void *ptr)
{
	void **slot = radix_lookup(radix, index);
	void *old;

	assert(ptr != NULL && slot != NULL && *slot != NULL);
	old = *slot;
	*slot = ptr;
	return old;
}

/* Removes top levels whose only child is in slot 0, so that a small tree is flat again. */
static void radix_shrink(struct radix *radix, struct radix_spare *freed)
{
	while (radix->levels > 1 && radix->root->used == slot_bit(0)) {
		struct radix_node *top = radix->root;

		radix->root = top->slot[0];
		radix->levels--;
		radix->nodes--;
		radix_spare_give(freed, top);
	}
}

void *radix_remove(struct radix *radix, uint64_t index, struct radix_spare *freed)
{
	struct radix_node *path[RADIX_DEPTH_MAX];
	struct radix_node *node = radix->root;
	void **slot = radix_lookup(radix, index);
	void *ptr = slot != NULL ? *slot : NULL;
	unsigned level;

	if (ptr == NULL)
		return NULL;
	for (level = radix->levels; level-- > 0;) {
		path[level] = node;
		node = node->slot[radix_slot(index, level)];
	}
	for (level = 0; level < radix->levels; level++) {
		unsigned at = radix_slot(index, level);

		path[level]->slot[at] = NULL;
		path[level]->used &= ~slot_bit(at);
		if (path[level]->used != 0)
			break;
		radix->nodes--;
		radix_spare_give(freed, path[level]);
	}
	radix->count--;
	if (level == radix->levels)
		radix_init(radix);
	else
		radix_shrink(radix, freed);
	return ptr;
}

/* Returns the first index of the next slot in use of a node, or of the node behind it; 0: none. */
static uint64_t radix_skip(const struct radix_node *node, uint64_t index, unsigned level)
{
	unsigned shift = level * RADIX_SHIFT, at = radix_slot(index, level);
	uint64_t later = node->used & ~(slot_bit(at) | (slot_bit(at) - 1));

	at = later != 0 ? bit_lowest(later) : RADIX_SLOTS;
	return ((index >> shift >> RADIX_SHIFT << RADIX_SHIFT) + at) << shift;
}

void *radix_next(const struct radix *radix, uint64_t *index, uint64_t last)
{
	uint64_t at = *index;

	while (at <= last && radix->root != NULL && at <= radix_max_index(radix->levels)) {
		struct radix_node *node = radix->root;
		unsigned level = radix->levels - 1;
		void *child = node->slot[radix_slot(at, level)];

		for (; level > 0 && child != NULL; level--) {
			node = child;
			child = node->slot[radix_slot(at, level - 1)];
		}
		if (child != NULL) {
			*index = at;
			return child;
		}
		at = radix_skip(node, at, level);
		if (at == 0)
			break;
	}
	return NULL;
}
