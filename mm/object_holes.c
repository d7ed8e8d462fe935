/* SPDX-License-Identifier: MIT */
/* Looks for pages and holes in the index of an object. */
#include "mm/object_holes.h"

#include "lib/bits.h"
#include "mm/host.h"

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
