/* SPDX-License-Identifier: MIT */
/* Swap-in: the way of a page from its slot back to the index of its object. */
#include "mm/swap/swap_in.h"

#include "abi/errno.h"
#include "mm/object/page_cache.h"
#include "mm/swap/page_age.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_io.h"

/* ---- a page of an object ---- */

/* The page is in the swap cache. Moves it to the index, unless that holds something else by now. */
static int take_back(struct object *object, uint64_t index, struct index_entry entry,
		     struct page *page, struct vm_wait *wait)
{
	uint64_t seq = waitq_sample(&swap_written);
	int result = -EAGAIN; /* look it up again */

	spin_lock(&object->lock);
	if (!index_entry_is(index_find(object, index), entry)) {
		/* Another thread was faster, or a truncation. */
	} else if (swap_give_page(page)) {
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

int page_swap_in(struct object *object, uint64_t index, struct index_entry entry,
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
