/* SPDX-License-Identifier: MIT */
/* The swap cache: private pages that have a slot of the swap area, by the number of the slot. */
#pragma once

#include "mm/object/object.h"
#include "sync/atomic.h"

struct block_device;

/*
 * An object, but the index is a slot. An index with a page: the page's bytes are in memory, and in
 * the slot too unless the page is PAGE_DIRTY. Entries that are SWAP refer to the slot, and those
 * that are PRESENT to the page. Its lock has a class of its own and comes after those of spaces and
 * of other objects. It guards the words of the slots too (mm/swap/swap_slots.h).
 */
extern struct object swap_cache;

/*
 * Makes the pages 0 to npages - 1 of the disk slots, but for page 0, which is the header, and for
 * the `nbad` pages in `bad`. The caller has checked that they are on the disk, and that there is no
 * other area. Returns 0 or -ENOMEM. May wait for memory.
 */
int swap_area_start(struct block_device *device, uint64_t npages, const uint32_t *bad, size_t nbad);

/*
 * While it is frozen, no more pages go to the area. Returns false if it was so already. Call with
 * no spinning lock held.
 */
bool swap_area_freeze(bool frozen);

/*
 * Gives back the slots of pages that are in memory, in a frozen area. Returns how many slots there
 * are for use if all of them are free and no read or write is under way, else 0. Calls vm_pause().
 * Call with no spinning lock held.
 */
uint64_t swap_area_drain(void);

/*
 * Ends the use of the area, all of whose slots are free. Waits for threads that look at it now.
 * Call with no spinning lock held.
 */
void swap_area_stop(void);

/* Is there a swap area? May be called at any time. */
bool swap_is_on(void);

/* Slots in all (bad ones included), and free slots. */
uint64_t swap_total(void);
uint64_t swap_free(void);

/* Pages that are out: in their slots only. May be called at any time. */
uint64_t swap_out_count(void);

/* For people: the slots that can be used, and how many of them are free at the same moment. */
struct swap_census {
	uint64_t usable, free;
};

/* Call with no spinning lock held. */
struct swap_census swap_census(void);

/* Should the pages in use give back their slots, because no other is free, or the area ends? */
bool swap_is_full(void);

/*
 * If the page is in the swap cache, and no entry refers to the slot, takes the page out of the
 * cache, and frees the slot. The caller holds the lock of a space that maps the page.
 */
void swap_forget(struct page *page);

/*
 * Counts one more reference to a slot that has one, which the caller keeps from going away. For
 * swap_slot_get_locked() the caller holds the lock of the swap cache.
 */
void swap_slot_get(uint64_t slot);
void swap_slot_get_locked(uint64_t slot);

/*
 * Does anything refer to the slot? It need not exist. The caller holds the lock of the swap cache.
 */
bool swap_slot_is_referenced(uint64_t slot);

/*
 * Drops a reference to a slot. With the last one the slot becomes free, and the page that the swap
 * cache has for it goes, unless entries map the page. The caller may hold locks of spaces and of
 * other objects.
 */
void swap_slot_put(uint64_t slot);

/* Is any page in the swap cache? */
static inline bool swap_is_used(void)
{
	return atomic_load_relaxed(&swap_cache.npages) != 0;
}

/*
 * Call after page_map_put(), if swap_is_used(). If the page is in the swap cache, no entry maps it
 * any more, and none refers to the slot, the page and the slot are freed. The frame may be
 * another page's meanwhile. Call with no spinning lock held.
 */
void swap_page_unmapped(struct page *page);

/* Is the page in the cache? For mincore. */
bool swap_has_page(uint64_t slot);

/*
 * Is the page in the cache, and does no entry refer to its slot? For fault_classify(). The caller
 * holds the lock of a space that maps the page. For swap_page_kept() it holds the lock of the
 * cache, where the page is.
 */
bool swap_page_alone(const struct page *page);
bool swap_page_kept(const struct page *page);

/*
 * For the ledger. swap_slot_count() adds to the number of references of a slot. When it has
 * subtracted all references that were found, swap_slot_faults() returns how many slots have others,
 * or are free or in use when they should not be, and *first_ret is the first of these.
 * swap_slot_refs() returns the number of references to a slot that is not bad.
 */
void swap_slot_count(uint64_t slot, int delta);
uint64_t swap_slot_faults(uint64_t *first_ret);
int32_t swap_slot_refs(uint64_t slot);
