/* SPDX-License-Identifier: MIT */
/* Swap-in: the way of a page from its slot back to the entry of a private mapping, or to the index of its object. */
#include "mm/swap/swap_in.h"

#include "abi/errno.h"
#include "mm/object/page_cache.h"
#include "mm/swap/page_age.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_io.h"

/* A page that came along with another is needed. */
static void see_use(struct page *page)
{
	if (!page_has(page, PAGE_AHEAD))
		return;
	object_page_used(page);
	swap_ahead_used(page->index);
}

/* Few slots are free: those of pages that are in memory are better used for others. */
static bool is_scarce(void)
{
	return swap_area.slots.nfree < swap_area.usable / 2;
}

/* ---- a private page ---- */

bool swap_in_page(struct page *page, bool write, bool own)
{
	uint64_t slot = page->index;
	uint32_t left;
	bool alone;

	assert_hardened(spin_lock_held(&swap_cache.lock) && page->owner == &swap_cache);
	see_use(page);
	(void)swap_slot_put_locked(slot); /* the page is mapped, so it stays */
	left = *slot_word(&swap_area.slots, slot);
	alone = page->maps == 1 && page->refs == 2u + own && left == (own ? 1 : SLOT_CACHED);
	if (alone && (write || is_scarce())) {
		swap_cache_remove_page(page);
		page_put(page);
	}
	return alone;
}

/* ---- a page of an object ---- */

/*
 * The page leaves the cache, and the caller gets the cache's reference to it, instead of one to the slot. Returns false if
 * the page is being written.
 */
static bool leave_cache(struct page *page)
{
	bool given;

	spin_lock(&swap_cache.lock);
	given = !page_has(page, PAGE_WRITING);
	if (given) {
		see_use(page);
		(void)swap_slot_put_locked(page->index); /* the caller has another reference */
		swap_cache_remove_page(page);
		page_turn(page, PAGE_ANON, PAGE_OBJECT);
	}
	spin_unlock(&swap_cache.lock);
	return given;
}

/* The page is in the swap cache. Moves it to the index, unless that holds something else by now. */
static int take_back(struct object *object, uint64_t index, struct index_entry entry,
		     struct page *page, struct vm_wait *wait)
{
	uint64_t seq = waitq_sample(&swap_written);
	int result = -EAGAIN; /* look it up again */

	spin_lock(&object->lock);
	if (!index_entry_is(index_find(object, index), entry)) {
		/* Another thread was faster, or a truncation. */
	} else if (leave_cache(page)) {
		index_swap_in(object, index, page);
		page_set(page, PAGE_DIRTY | (index_entry_is_charged(entry) ? PAGE_CHARGED : 0));
		page_set_used(page);
	} else {
		wait->queue = &swap_written;
		wait->seq = seq;
		wait->why = WAITS_FOR_SWAP_WRITE;
		result = VM_WAIT;
	}
	spin_unlock(&object->lock);
	return result;
}

static bool index_still_holds(struct object *object, uint64_t index, struct index_entry entry)
{
	bool still;

	spin_lock(&object->lock);
	still = index_entry_is(index_find(object, index), entry);
	spin_unlock(&object->lock);
	return still;
}

int object_swap_in(struct object *object, uint64_t index, struct index_entry entry,
		   struct vm_wait *wait)
{
	uint64_t slot = index_entry_slot(entry);
	struct page *page;
	int result = object_page(&swap_cache, slot, &page, wait);

	if (!result) {
		result = take_back(object, index, entry, page, wait);
		if (result == VM_WAIT) /* the write may be one that reclaim has not submitted */
			swap_submit(true);
		page_put(page);
	} else if (result != VM_WAIT && !index_still_holds(object, index, entry)) {
		result = -EAGAIN; /* it is not in swap any more */
	}
	swap_slot_put(slot);
	return result;
}
