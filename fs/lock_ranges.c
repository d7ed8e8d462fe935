/* SPDX-License-Identifier: MIT */
/* Ranges of file locks: setting one cuts, joins and removes those that it meets. */
#include "fs/lock_ranges.h"

#include "abi/errno.h"
#include "abi/fcntl.h"

void lock_ranges_init(struct lock_ranges *ranges)
{
	list_init(&ranges->list);
	ranges->count = 0;
}

void lock_spares_init(struct lock_spares *spares)
{
	list_init(&spares->list);
	spares->count = 0;
}

void lock_spares_add(struct lock_spares *spares, struct lock_range *range)
{
	list_add(&spares->list, &range->link);
	spares->count++;
}

/* There is one. */
static struct lock_range *take(struct lock_spares *spares)
{
	struct lock_range *range = list_first_entry(&spares->list, struct lock_range, link);

	list_del(&range->link);
	spares->count--;
	return range;
}

struct lock_range *lock_spares_take(struct lock_spares *spares)
{
	return spares->count != 0 ? take(spares) : NULL;
}

/* Do they overlap, or lie side by side? */
static bool touches(const struct lock_range *range, uint64_t start, uint64_t end)
{
	return range->end + 1 >= start && range->start <= end + 1;
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
	const struct lock_range *range;

	list_for_each_entry(range, &ranges->list, link) {
		bool left = range->start<start, right = range->end> end;

		if (range->start > end + 1)
			break;
		if (!touches(range, start, end))
			continue;
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
	list_del(&range->link);
	ranges->count--;
	lock_spares_add(spares, range);
}

/* Adds a range before the one that `next` links, which may be the list's head. */
static void insert(struct lock_ranges *ranges, struct list *next, unsigned type, uint64_t start,
		   uint64_t end, struct lock_spares *spares)
{
	struct lock_range *range = take(spares);

	*range = (struct lock_range){ .start = start, .end = end, .type = type };
	list_add_tail(next, &range->link);
	ranges->count++;
}

/* Takes [start, end] out of a range of another type. */
static void cut(struct lock_ranges *ranges, struct lock_range *range, uint64_t start, uint64_t end,
		struct lock_spares *spares)
{
	bool left = range->start<start, right = range->end> end;

	if (left && right)
		insert(ranges, range->link.next, range->type, end + 1, range->end, spares);
	if (left)
		range->end = start - 1;
	else if (right)
		range->start = end + 1;
	else
		remove(ranges, range, spares);
}

int lock_ranges_set(struct lock_ranges *ranges, unsigned type, uint64_t start, uint64_t end,
		    uint32_t most, struct lock_spares *spares)
{
	struct plan change = plan(ranges, type, start, end);
	uint32_t after = ranges->count + change.added - change.removed;
	uint64_t first = start, last = end; /* with neighbours of the same type */
	struct lock_range *range, *next;
	struct list *behind;

	if (spares->count + change.removed < change.added ||
	    (after > ranges->count && after > most))
		return -ENOLCK;
	list_for_each_entry_safe(range, next, &ranges->list, link) {
		if (range->start > end + 1)
			break;
		if (!touches(range, start, end))
			continue;
		if (range->type == type) {
			first = MIN(first, range->start);
			last = MAX(last, range->end);
			remove(ranges, range, spares);
		} else if (overlaps(range, start, end)) {
			cut(ranges, range, start, end, spares);
		}
	}
	if (type == F_UNLCK)
		return 0;
	list_for_each(behind, &ranges->list)
		if (list_entry(behind, struct lock_range, link)->start > first)
			break;
	insert(ranges, behind, type, first, last, spares);
	return 0;
}

const struct lock_range *lock_ranges_find(const struct lock_ranges *ranges, uint64_t start,
					  uint64_t end, bool writes)
{
	const struct lock_range *range;

	list_for_each_entry(range, &ranges->list, link) {
		if (range->start > end)
			break;
		if (range->end >= start && (writes || range->type == F_WRLCK))
			return range;
	}
	return NULL;
}
