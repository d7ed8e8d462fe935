/* SPDX-License-Identifier: MIT */
/* The swap area that is in use, for the swap cache, swap-out and swap-in alone. */
#pragma once

#include "mm/object/object.h"
#include "mm/swap/swap_slots.h"

/* Guarded by swap_cache.lock. */
struct swap_area {
	struct swap_slots slots;
	struct radix_spare nodes; /* for insertions, which must not need memory */
	uint64_t usable;	  /* slots that are not bad */
	bool is_frozen;		  /* no more pages go out: swapoff */
};
extern struct swap_area swap_area;

/* The caller of the following holds swap_cache.lock. */

/* Takes the page out of the cache. The caller drops the cache's reference. */
void swap_cache_remove_page(struct page *page);

/* Does the page keep its slot, although no entry refers to that? */
static inline bool swap_page_keeps_slot(const struct page *page)
{
	return page->maps || page_has(page, PAGE_WRITING);
}

/*
 * Drops a reference to a slot. Returns the page that has left the cache because of that, or NULL:
 * the caller drops the cache's reference to it.
 */
struct page *swap_slot_put_locked(uint64_t slot);
