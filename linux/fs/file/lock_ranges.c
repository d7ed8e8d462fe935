/* SPDX-License-Identifier: MIT */
/* Ranges of file locks: setting one cuts, joins and removes those that it meets. */
#include "linux/fs/file/lock_ranges.h"

#include "abi/errno.h"
#include "abi/fcntl.h"

static struct lock_range *lock_range_of(struct tree_node *node)
{
	return tree_entry_or_null(node, struct lock_range, node);
}

void lock_ranges_init(struct lock_ranges *ranges)
{
	tree_init(&ranges->tree);
	ranges->count = 0;
}

void lock_spares_init(struct lock_spares *spares)
{
	list_init(&spares->list);
	tree_init(&spares->tree);
	spares->count = 0;
}

void lock_spares_add(struct lock_spares *spares, struct lock_range *range)
{
	list_add(&spares->list, &range->link);
	spares->count++;
}

/* There is one. */
static struct lock_range *lock_spares_pop(struct lock_spares *spares)
{
	struct lock_range *range;

	spares->count--;
	if (!list_empty(&spares->list))
		return list_entry(list_pop(&spares->list), struct lock_range, link);
	range = lock_range_of(tree_first(&spares->tree));
	tree_erase(&spares->tree, &range->node);
	return range;
}

struct lock_range *lock_spares_take(struct lock_spares *spares)
{
	return spares->count != 0 ? lock_spares_pop(spares) : NULL;
}

/* Returns the first range that ends at `start` or behind it, or NULL. */
static struct lock_range *first_to_reach(const struct lock_ranges *ranges, uint64_t start)
{
	struct tree_node *node = ranges->tree.root, *found = NULL;

	while (node) {
		bool before = lock_range_of(node)->end < start;

		found = before ? found : node;
		node = node->child[before];
	}
	return lock_range_of(found);
}

/* Returns the first range that ends just before `start`, at it or behind it, or NULL. */
static struct lock_range *first_to_touch(const struct lock_ranges *ranges, uint64_t start)
{
	return first_to_reach(ranges, start ? start - 1 : 0);
}

static struct lock_range *next_of(const struct lock_range *range)
{
	return lock_range_of(tree_next(&range->node));
}

static bool overlaps(const struct lock_range *range, uint64_t start, uint64_t end)
{
	return range->end >= start && range->start <= end;
}

/* What a change does to the number of ranges. */
struct plan {
	uint32_t removed, added;
};

static struct plan plan(const struct lock_ranges *ranges, unsigned type, uint64_t start,
			uint64_t end)
{
	struct plan plan = { .added = type != F_UNLCK };
	const struct lock_range *range = first_to_touch(ranges, start);

	for (; range && range->start <= end + 1; range = next_of(range)) {
		bool left = range->start<start, right = range->end> end;

		if (range->type == type)
			plan.removed++;
		else if (overlaps(range, start, end) && left && right)
			plan.added++;
		else if (overlaps(range, start, end) && !left && !right)
			plan.removed++;
	}
	return plan;
}

static void remove(struct lock_ranges *ranges, struct lock_range *range, struct lock_spares *spares)
{
	tree_erase(&ranges->tree, &range->node);
	ranges->count--;
	lock_spares_add(spares, range);
}

/* Removes all ranges at once. The spares had none of these. */
static void remove_all(struct lock_ranges *ranges, struct lock_spares *spares)
{
	spares->tree = ranges->tree;
	spares->count += ranges->count;
	lock_ranges_init(ranges);
}

/* Adds a range where none is. */
static void lock_range_insert(struct lock_ranges *ranges, unsigned type, uint64_t start,
			      uint64_t end, struct lock_spares *spares)
{
	struct lock_range *range = lock_spares_pop(spares), *next = first_to_reach(ranges, start);
	struct tree_node *prev = next ? tree_prev(&next->node) : tree_last(&ranges->tree);

	*range = (struct lock_range){ .start = start, .end = end, .type = type };
	range->node.weight = type == F_WRLCK;
	tree_insert_between(&ranges->tree, &range->node, prev, next ? &next->node : NULL, NULL);
	ranges->count++;
}

/* Takes [start, end] out of a range of another type. */
static void lock_range_cut(struct lock_ranges *ranges, struct lock_range *range, uint64_t start,
			   uint64_t end, struct lock_spares *spares)
{
	bool left = range->start<start, right = range->end> end;
	uint64_t last = range->end;

	if (left)
		range->end = start - 1;
	if (left && right)
		lock_range_insert(ranges, range->type, end + 1, last, spares);
	else if (right)
		range->start = end + 1;
	else if (!left)
		remove(ranges, range, spares);
}

/* Is all that there is within [start, end]? */
static bool is_all(const struct lock_ranges *ranges, uint64_t start, uint64_t end)
{
	const struct lock_range *first = lock_range_of(tree_first(&ranges->tree));
	const struct lock_range *last = lock_range_of(tree_last(&ranges->tree));

	return first && start <= first->start && last->end <= end;
}

int lock_ranges_set(struct lock_ranges *ranges, unsigned type, uint64_t start, uint64_t end,
		    uint32_t most, struct lock_spares *spares)
{
	uint64_t first = start, last = end; /* with neighbours of the same type */
	struct lock_range *range, *next;
	struct plan change;
	uint32_t after;

	if (type == F_UNLCK && tree_empty(&spares->tree) && is_all(ranges, start, end)) {
		remove_all(ranges, spares);
		return 0;
	}
	change = plan(ranges, type, start, end);
	after = ranges->count + change.added - change.removed;
	if (spares->count + change.removed < change.added ||
	    (after > ranges->count && after > most))
		return -ENOLCK;
	for (range = first_to_touch(ranges, start); range && range->start <= end + 1;
	     range = next) {
		next = next_of(range);
		if (range->type == type) {
			first = MIN(first, range->start);
			last = MAX(last, range->end);
			remove(ranges, range, spares);
		} else if (overlaps(range, start, end)) {
			lock_range_cut(ranges, range, start, end, spares);
		}
	}
	if (type != F_UNLCK)
		lock_range_insert(ranges, type, first, last, spares);
	return 0;
}

static bool has_heavy(const struct tree_node *node)
{
	return node && node->heaviest != 0;
}

/* Returns the first range for writing at or behind `node`. */
static struct tree_node *first_heavy(struct tree_node *node)
{
	while (node && node->weight == 0 && !has_heavy(node->child[1])) {
		while (node->parent && node->parent->child[1] == node)
			node = node->parent;
		node = node->parent;
	}
	if (!node || node->weight != 0)
		return node;
	node = node->child[1];
	while (has_heavy(node->child[0]) || node->weight == 0)
		node = node->child[!has_heavy(node->child[0])];
	return node;
}

const struct lock_range *lock_ranges_find(const struct lock_ranges *ranges, uint64_t start,
					  uint64_t end, bool writes)
{
	struct lock_range *range = first_to_reach(ranges, start);

	if (range && !writes)
		range = lock_range_of(first_heavy(&range->node));
	return range && range->start <= end ? range : NULL;
}

const struct lock_range *lock_ranges_next(const struct lock_ranges *ranges,
					  const struct lock_range *range)
{
	return range ? next_of(range) : lock_range_of(tree_first(&ranges->tree));
}
