/* SPDX-License-Identifier: MIT */
/* Looks for pages and holes in the index of an object. */
#include "linux/mem/object_holes.h"

#include "lib/bits.h"
#include "mm/host.h"
#include "mm/object/page_index.h"

/* Nodes of the index, of up to RADIX_SLOTS pages each, that are looked at in one hold of the lock. */
#define NODES_AT_ONCE 32u

uint64_t object_next_data(struct object *object, uint64_t from)
{
	uint64_t index = from >> PAGE_SHIFT;
	bool is_data;

	spin_lock(&object->lock);
	is_data = from < object->backed;
	if (!is_data && !radix_next(&object->pages, &index, OBJECT_SIZE_MAX >> PAGE_SHIFT))
		index = OBJECT_SIZE_MAX >> PAGE_SHIFT;
	spin_unlock(&object->lock);
	return is_data ? from : MAX(from, index << PAGE_SHIFT);
}

/* Sets *index to the first index of a node's part from there on without a page, or to the end of the part. */
static bool node_has_hole_locked(const struct object *object, uint64_t *index)
{
	void *const *slots;
	unsigned n, i = 0;

	assert_hardened(spin_lock_held(&object->lock));
	slots = radix_slots(&object->pages, *index, &n);
	while (slots && i < n && slots[i])
		i++;
	if (!slots)
		return true;
	*index += i;
	return i < n;
}

uint64_t object_next_hole(struct object *object, uint64_t from)
{
	uint64_t index = from >> PAGE_SHIFT;
	bool found = false;

	do {
		spin_lock(&object->lock);
		index = MAX(index, (object->backed + PAGE_SIZE - 1) >> PAGE_SHIFT);
		for (unsigned i = 0; i < NODES_AT_ONCE && !found; i++)
			found = node_has_hole_locked(object, &index);
		spin_unlock(&object->lock);
	} while (!found && vm_pause() == 0);
	return MAX(from, index << PAGE_SHIFT);
}

static void count_entry_locked(const struct object *object, struct index_entry entry,
			       struct object_cached *ret)
{
	const struct page *page = index_page((void *)entry.word);

	assert_hardened(spin_lock_held(&object->lock));
	if (page) {
		ret->cached++;
		/* What is in memory only has nowhere to be written. */
		ret->dirty += object->ops->write_page && page_has(page, PAGE_DIRTY);
		ret->writing += page_has(page, PAGE_WRITING);
	} else if (index_entry_state(entry) == INDEX_DROPPED ||
		   index_entry_state(entry) == INDEX_SWAPPED) {
		ret->evicted++;
		ret->recent += index_entry_is_recent(entry);
	}
}

/* Counts the pages of a node from *index on, and moves *index behind them. Returns false if there is none up to `last`. */
static bool count_node_locked(struct object *object, uint64_t *index, uint64_t last,
			      struct object_cached *ret)
{
	void *const *slots;
	unsigned n = 0;

	assert_hardened(spin_lock_held(&object->lock));
	if (*index > last || !radix_next(&object->pages, index, last))
		return false;
	slots = radix_slots(&object->pages, *index, &n);
	n = (unsigned)MIN((uint64_t)n, last - *index + 1);
	for (unsigned i = 0; i < n; i++)
		count_entry_locked(object, index_entry_of(slots[i]), ret);
	*index += n;
	return true;
}

int object_count_cached(struct object *object, uint64_t first, uint64_t last,
			struct object_cached *ret)
{
	uint64_t index = first;
	bool more = true;
	int err = 0;

	last = MIN(last, OBJECT_SIZE_MAX >> PAGE_SHIFT);
	while (more && err == 0) {
		spin_lock(&object->lock);
		for (unsigned i = 0; i < NODES_AT_ONCE && more; i++)
			more = count_node_locked(object, &index, last, ret);
		spin_unlock(&object->lock);
		if (more)
			err = vm_pause();
	}
	return err;
}
