/* SPDX-License-Identifier: MIT */
/* Swap-out: gives private pages, and pages of objects, a slot, and puts them into the swap cache to be written. */
#include "mm/swap/swap_out.h"

#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_io.h"

/*
 * An insertion takes at most NODES_LEAST, and those that follow it in a piece of the hand's way
 * lie in the same nodes. Nodes above NODES_MOST are given back.
 */
#define NODES_LEAST 16u
#define NODES_MOST  32u
#define NODES_FREED 64u /* in one hold of the lock */

void swap_out_prepare(void)
{
	struct radix_spare fresh, extra;

	if (!swap_is_on())
		return;
	radix_spare_init(&fresh);
	radix_spare_init(&extra);
	if (atomic_load_relaxed(&swap_area.nodes.count) <
	    NODES_LEAST) /* removals have not left enough */
		(void)object_nodes_fill(&fresh, NODES_LEAST, PAGE_RESERVE);
	spin_lock(&swap_cache.lock);
	/* The area may have ended meanwhile. */
	while (swap_area.slots.count && swap_area.nodes.count < NODES_LEAST && fresh.count)
		radix_spare_give(&swap_area.nodes, radix_spare_take(&fresh));
	for (unsigned i = 0; i < NODES_FREED && swap_area.nodes.count > NODES_MOST; i++)
		radix_spare_give(&extra, radix_spare_take(&swap_area.nodes));
	spin_unlock(&swap_cache.lock);
	object_nodes_free(&fresh);
	object_nodes_free(&extra);
}

/* Gives the page a slot. The caller holds the lock. */
static bool swap_cache_insert(struct page *page)
{
	uint64_t slot = swap_area.is_frozen ? SLOT_NONE : slots_take(&swap_area.slots);

	if (slot == SLOT_NONE)
		return false;
	if (radix_missing(&swap_cache.pages, slot) > swap_area.nodes.count) {
		slots_free(&swap_area.slots, slot);
		return false;
	}
	page_change(page, PAGE_LAZYFREE, PAGE_SWAP_CACHED | PAGE_DIRTY);
	index_insert(&swap_cache, slot, INDEX_ENTRY_EMPTY, page, &swap_area.nodes);
	return true;
}

/* ---- a private page ---- */

/*
 * The page must be written, and its old slot is not near those of the pages that are written with
 * it. Gives it another slot, if possible.
 */
static void move_page(struct page *page)
{
	uint64_t old = page->index, fresh;

	if (*slot_word(&swap_area.slots, old) != SLOT_CACHED || page_has(page, PAGE_WRITING))
		return;
	fresh = slots_take_in_order(&swap_area.slots);
	if (fresh == SLOT_NONE)
		return;
	if (radix_missing(&swap_cache.pages, fresh) > swap_area.nodes.count) {
		slots_free(&swap_area.slots, fresh);
		return;
	}
	index_move(&swap_cache, page, fresh, &swap_area.nodes);
	slots_free(&swap_area.slots, old);
	page_set_dirty(page);
}

bool swap_out_page(struct page *page, bool dirty, uint64_t *slot_ret)
{
	bool cached;

	spin_lock(&swap_cache.lock);
	if (!page_has(page, PAGE_SWAP_CACHED)) {
		cached = swap_cache_insert(page);
	} else {
		cached = !swap_area.is_frozen;
		if (cached && (dirty || page_has(page, PAGE_DIRTY)))
			move_page(page);
	}
	if (cached) {
		*slot_ret = page->index;
		swap_slot_get_locked(page->index);
	}
	spin_unlock(&swap_cache.lock);
	return cached;
}

/* ---- a page of an object ---- */

bool object_swap_out(struct object *object, struct page *page)
{
	uint64_t index = page->index, slot;
	bool charged = page_has(page, PAGE_CHARGED), taken;

	assert_hardened(spin_lock_held(&object->lock) && page->counts == PAGE_ONE_REF);
	if (index >= object_pages(object->size))
		return false;
	spin_lock(&swap_cache.lock);
	taken = swap_cache_insert(page);
	if (taken) {
		page_clear(page, PAGE_CHARGED);
		page_turn(page, PAGE_OBJECT, PAGE_ANON);
		slot = page->index;
		swap_slot_get_locked(slot);
		swap_write_page(&swap_cache, page);
	}
	spin_unlock(&swap_cache.lock);
	if (!taken)
		return false;
	page_put(page); /* the object's reference; the cache has one of its own */
	/* gcc-analyzer-suppress use-of-uninitialized-value ; the page was taken, and has its slot */
	index_swap_out(object, index, slot, charged);
	return true;
}

/* ---- the end of a write ---- */

/* Drops the page if it has been cold all the while. The caller holds the lock. */
static bool drop_if_cold(struct page *page)
{
	const uint64_t in_use = PAGE_USED | PAGE_DIRTY | PAGE_WRITING;

	assert_hardened(spin_lock_held(&swap_cache.lock));
	if (page->counts != PAGE_ONE_REF || page_has(page, in_use))
		return false;
	object_drop_page(&swap_cache, page);
	counter_add(&reclaim_counts.dropped, 1);
	return true;
}

void swap_page_written(struct page *page, int result)
{
	bool gone;

	spin_lock(&swap_cache.lock);
	page_end_write(page);
	if (result)
		page_set_dirty(page);
	page_put(page); /* the write's reference; the cache has one too */
	if (*slot_word(&swap_area.slots, page->index) == SLOT_CACHED &&
	    !swap_page_keeps_slot(page)) {
		swap_cache_remove_page(page);
		gone = true;
	} else {
		gone = drop_if_cold(page);
	}
	spin_unlock(&swap_cache.lock);
	if (gone)
		page_put(page);
}
