/* SPDX-License-Identifier: MIT */
/* Looks up the pages of an object by index, and has missing ones made, read or brought from swap. */
/*
 * The states of an index are drawn in mm/object/page_index.h. Pages are inserted in mm/object/page_insert.c, read
 * in mm/object/page_read.c and removed in mm/object/page_remove.c. They go to swap in mm/swap/swap_out.c and come back
 * in mm/swap/swap_in.c.
 */
#include "mm/object/page_cache.h"

#include "abi/errno.h"
#include "mm/object/page_index.h"
#include "mm/object/page_read.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_in.h"

/* ---- what is in memory ---- */

struct page *object_page_locked(const struct object *object, uint64_t index)
{
	assert_hardened(spin_lock_held(&object->lock));
	if (index >= object_pages(object->size))
		return NULL;
	return index_entry_page(index_find(object, index));
}

/* Returns the page at index, referenced, or NULL. The caller holds object->lock. */
static struct page *page_at(struct object *object, uint64_t index)
{
	struct page *page;

	assert_hardened(spin_lock_held(&object->lock));
	page = index_entry_page(index_find(object, index));
	if (page)
		page_get(page);
	return page;
}

struct page *object_page_resident(struct object *object, uint64_t index)
{
	struct page *page;

	spin_lock(&object->lock);
	page = page_at(object, index);
	spin_unlock(&object->lock);
	return page;
}

struct page *object_page_present(struct object *object, uint64_t index, bool *swapped_ret)
{
	struct page *page;

	spin_lock(&object->lock);
	page = page_at(object, index);
	*swapped_ret = index_entry_state(index_find(object, index)) == INDEX_SWAPPED;
	spin_unlock(&object->lock);
	return page;
}

struct page *object_page_cut(struct object *object, uint64_t index, bool *swapped_ret)
{
	bool cancelled = false;
	struct radix_spare freed;
	struct page *page;

	radix_spare_init(&freed);
	spin_lock(&object->lock);
	page = page_at(object, index);
	*swapped_ret = index_entry_state(index_find(object, index)) == INDEX_SWAPPED;
	if (!page && !*swapped_ret)
		cancelled = index_remove(object, index, &freed).word != 0;
	spin_unlock(&object->lock);
	if (cancelled)
		waitq_wake_all(page_read_queue(object, index));
	object_nodes_free(&freed);
	return page;
}

bool object_is_hole_locked(const struct object *object, uint64_t index)
{
	assert_hardened(spin_lock_held(&object->lock));
	return index << PAGE_SHIFT >= object->backed &&
	       index_entry_state(index_find(object, index)) == INDEX_EMPTY;
}

bool object_is_hole(struct object *object, uint64_t index)
{
	bool hole;

	spin_lock(&object->lock);
	hole = object_is_hole_locked(object, index);
	spin_unlock(&object->lock);
	return hole;
}

/* ---- what has to be made, read or brought from swap ---- */

/* Results of a look-up, besides 0, VM_WAIT and a negative errno. No caller of this file sees them. */
enum lookup_result {
	LOOKUP_MISSING = VM_WAIT + 1, /* the page is to be made or read */
	LOOKUP_SWAPPED,		      /* the caller gets a reference to the slot */
};

/* Looks the page up. Returns as object_page() does, or an enum lookup_result. */
static int page_cache_find_locked(struct object *object, struct missing_page *missing,
				  struct page **page_ret, struct vm_wait *wait)
{
	struct index_entry entry;

	assert_hardened(spin_lock_held(&object->lock));
	if (missing->index >= object_pages(object->size))
		return -ENXIO;
	entry = index_find(object, missing->index);
	missing->entry = entry;
	switch (index_entry_state(entry)) {
	case INDEX_PAGE:
		*page_ret = index_entry_page(entry);
		page_get(*page_ret);
		return 0;
	case INDEX_SWAPPED:
		swap_slot_get(index_entry_slot(entry));
		return LOOKUP_SWAPPED;
	case INDEX_READING:
		page_read_wait(object, missing->index, wait);
		return VM_WAIT;
	case INDEX_FAILED:
		if (page_read_is_noted(object, missing->index, wait))
			return -EIO;
		break;
	default: /* INDEX_EMPTY, INDEX_DROPPED */
		break;
	}
	missing->backed = object->backed;
	missing->truncations = object->truncations;
	return LOOKUP_MISSING;
}

static int page_find(struct object *object, struct missing_page *missing, struct page **page_ret,
		     struct vm_wait *wait)
{
	int result;

	spin_lock(&object->lock);
	result = page_cache_find_locked(object, missing, page_ret, wait);
	spin_unlock(&object->lock);
	return result;
}

/* Would the running thread wait for itself, if it waited for a page that is to be read? */
static bool reads_for_itself(struct object *object)
{
	return unlikely(object->ops->deadlocks) && object->ops->deadlocks(object);
}

static int page_make(struct object *object, const struct missing_page *missing,
		     struct page **page_ret, struct vm_wait *wait)
{
	bool reads = missing->index << PAGE_SHIFT < missing->backed;
	struct page *page;

	if (reads && reads_for_itself(object))
		return -EDEADLK;
	page = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);
	if (!page)
		return -ENOMEM;
	if (reads)
		return page_read_start(object, missing, page, wait);
	arch_page_zero(page_address(page));
	return object_publish(object, missing->index, page, missing->truncations, 0, page_ret);
}

/* Unless it `makes` pages of zeros, too, a hole is LOOKUP_MISSING. */
static inline int find_or_make(struct object *object, uint64_t index, bool makes,
			       struct page **page_ret, struct vm_wait *wait)
{
	struct missing_page missing = { .index = index };
	int result;

	do {
		result = page_find(object, &missing, page_ret, wait);
		if (result == LOOKUP_MISSING && !makes && index << PAGE_SHIFT >= missing.backed)
			break;
		if (result == LOOKUP_MISSING)
			result = page_make(object, &missing, page_ret, wait);
		else if (result == LOOKUP_SWAPPED)
			result = object_swap_in(object, index, missing.entry, wait);
		else if (result == VM_WAIT && (wait->why & WAITS_FOR_OTHER) &&
			 reads_for_itself(object))
			result = -EDEADLK;
	} while (result == -EAGAIN);
	return result;
}

int object_page(struct object *object, uint64_t index, struct page **page_ret, struct vm_wait *wait)
{
	return find_or_make(object, index, true, page_ret, wait);
}

int object_page_there(struct object *object, uint64_t index, struct page **page_ret,
		      struct vm_wait *wait)
{
	int result = find_or_make(object, index, false, page_ret, wait);

	return result == LOOKUP_MISSING ? -ENOENT : result;
}
