/* SPDX-License-Identifier: MIT */
/* The pages that have a slot: where they are, and what refers to them. */
/*
 * The way out: the hand of the clock finds a cold page (mm/swap/clock_hand.c). The page gets a slot and is
 * put here, and the entries that map it become SWAP, one by one, as the hand comes to them. When no
 * entry maps the page any more, the hand starts its write. After the write the frame is freed, and
 * the index keeps for a while the mark of a dropped page (INDEX_DROPPED). A page of an object comes
 * here from the object's index, which refers to the slot as an entry would.
 *
 * The way back: a fault at an entry that is SWAP asks for the page of that index, as with any other
 * object (mm/object/page_cache.c). So many faults wait for one read, and a page that several processes
 * share is read once.
 *
 * A page that was read from swap stays here as long as its bytes are in the slot, so that it need
 * not be written again. The slot stays in use (SLOT_CACHED) until no entry maps the page. If the
 * page is written to meanwhile, it gets another slot the next time that it goes to swap.
 *
 * Invariant: if a slot has no references, then either its page is still mapped or under write-out,
 * or the index is empty and the slot is free.
 */
#include "mm/swap/swap_cache.h"

#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/page_age.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_io.h"
#include "sync/atomic.h"

/*
 * The lock is valid even when no swap area exists: a thread may have seen an area that was removed
 * before the thread took the lock.
 */
struct object swap_cache = { .lock = SPINLOCK_INIT(LOCK_SWAP_CACHE) }; /* guarded as any object */

struct swap_area swap_area; /* guarded as struct swap_area says */

static bool destroyed; /* the last reference to the cache is gone; atomic */

static void destroy(struct object *object)
{
	(void)object; /* it is static */
	atomic_store(&destroyed, true);
}

static const struct object_ops swap_ops = {
	.name = "swap",
	.read_page = swap_read_page,
	.write_page = swap_write_page,
	.destroy = destroy,
};

int swap_area_start(struct block_device *device, uint64_t npages, const uint32_t *bad, size_t nbad)
{
	struct swap_slots fresh;
	int result = slots_create(&fresh, npages);

	if (result)
		return result;
	slots_mark_bad(&fresh, 0);
	for (size_t i = 0; i < nbad; i++)
		slots_mark_bad(&fresh, bad[i]);
	swap_io_start(device);
	object_init_again(&swap_cache, &swap_ops, npages << PAGE_SHIFT);
	spin_lock(&swap_cache.lock);
	swap_area.slots = fresh;
	swap_area.usable = fresh.nfree;
	swap_area.is_frozen = false;
	spin_unlock(&swap_cache.lock);
	return 0;
}

void swap_area_stop(void)
{
	struct swap_area old;

	spin_lock(&swap_cache.lock);
	old = swap_area;
	swap_area = (struct swap_area){ 0 };
	spin_unlock(&swap_cache.lock);
	atomic_store(&destroyed, false);
	object_put(&swap_cache);
	while (!atomic_load(&destroyed)) /* the hand has another one */
		(void)vm_pause();
	object_nodes_free(&old.nodes);
	slots_destroy(&old.slots);
}

bool swap_area_freeze(bool frozen)
{
	bool was;

	spin_lock(&swap_cache.lock);
	was = swap_area.is_frozen;
	swap_area.is_frozen = frozen;
	spin_unlock(&swap_cache.lock);
	return was != frozen;
}

uint64_t swap_total(void)
{
	return atomic_load_relaxed(&swap_area.slots.count);
}

uint64_t swap_free(void)
{
	return atomic_load_relaxed(&swap_area.slots.nfree);
}

uint64_t swap_out_count(void)
{
	uint64_t used = atomic_load_relaxed(&swap_area.usable) - swap_free();
	uint64_t cached = atomic_load_relaxed(&swap_cache.npages);

	return used > cached ? used - cached : 0;
}

struct swap_census swap_census(void)
{
	struct swap_census census;

	spin_lock(&swap_cache.lock);
	census.usable = swap_area.usable;
	census.free = swap_area.slots.nfree;
	spin_unlock(&swap_cache.lock);
	return census;
}

bool swap_is_on(void)
{
	return swap_total() != 0;
}

bool swap_is_full(void)
{
	return swap_free() == 0 || atomic_load_relaxed(&swap_area.is_frozen);
}

/* ---- slots and pages ---- */

void swap_cache_remove_page(struct page *page)
{
	assert_hardened(spin_lock_held(&swap_cache.lock) && page->owner == &swap_cache);
	(void)index_remove(&swap_cache, page->index, &swap_area.nodes);
	page->owner = NULL;
	page_clear(page, PAGE_SWAP_CACHED | PAGE_DIRTY);
	if (*slot_word(&swap_area.slots, page->index) == SLOT_CACHED)
		slots_free(&swap_area.slots, page->index);
}

struct page *swap_slot_put_locked(uint64_t slot)
{
	uint32_t *word = slot_word(&swap_area.slots, slot);
	struct page *page;
	void *held;

	assert_hardened(*word != SLOT_FREE && *word < SLOT_CACHED);
	if (--*word)
		return NULL;
	held = radix_find(&swap_cache.pages, slot);
	page = index_page(held);
	if (page)
		*word = SLOT_CACHED;
	if (page && swap_page_keeps_slot(page))
		return NULL;
	if (page) {
		swap_cache_remove_page(page);
		return page;
	}
	if (held) /* a read that is not needed any more, an error, or a stamp */
		(void)index_remove(&swap_cache, slot, &swap_area.nodes);
	slots_free(&swap_area.slots, slot);
	return NULL;
}

void swap_slot_get_locked(uint64_t slot)
{
	uint32_t *word = slot_word(&swap_area.slots, slot);

	assert_hardened(spin_lock_held(&swap_cache.lock));
	assert_hardened(*word != SLOT_FREE && *word != SLOT_BAD);
	if (*word == SLOT_CACHED)
		*word = 0;
	++*word;
}

void swap_slot_get(uint64_t slot)
{
	spin_lock(&swap_cache.lock);
	swap_slot_get_locked(slot);
	spin_unlock(&swap_cache.lock);
}

void swap_slot_put(uint64_t slot)
{
	struct page *page;

	spin_lock(&swap_cache.lock);
	page = swap_slot_put_locked(slot);
	spin_unlock(&swap_cache.lock);
	if (page)
		page_put(page);
}

bool swap_has_page(uint64_t slot)
{
	bool has;

	spin_lock(&swap_cache.lock);
	has = index_page(radix_find(&swap_cache.pages, slot)) != NULL;
	spin_unlock(&swap_cache.lock);
	return has;
}

bool swap_page_alone(const struct page *page)
{
	bool alone;

	spin_lock(&swap_cache.lock);
	alone = page_has(page, PAGE_SWAP_CACHED) && swap_page_kept(page);
	spin_unlock(&swap_cache.lock);
	return alone;
}

bool swap_page_kept(const struct page *page)
{
	assert_hardened(spin_lock_held(&swap_cache.lock));
	return *slot_word(&swap_area.slots, page->index) == SLOT_CACHED;
}

/* A slot that had fewer references than were found. Private to the ledger. */
static uint64_t overdrawn = SLOT_NONE;

void swap_slot_count(uint64_t slot, int delta)
{
	uint32_t word = *slot_word(&swap_area.slots, slot);

	if (delta < 0 && (word == SLOT_FREE || word >= SLOT_CACHED))
		overdrawn = slot;
	*slot_word(&swap_area.slots, slot) += (uint32_t)delta;
}

/* A slot that nothing refers to: is its word right? */
static bool is_right(uint64_t slot, uint32_t word)
{
	const struct page *page = index_page(radix_find(&swap_cache.pages, slot));

	if (word == SLOT_CACHED)
		return page != NULL;
	return word == SLOT_BAD || word == SLOT_FREE;
}

int32_t swap_slot_refs(uint64_t slot)
{
	uint32_t word = *slot_word(&swap_area.slots, slot);

	/* Without SLOT_CACHED, and below 0 if more were found than there are. */
	return (int32_t)(word << 1) >> 1;
}

uint64_t swap_slot_faults(uint64_t *first_ret)
{
	uint64_t nfaults = 0, nfree = 0;

	for (uint64_t slot = 0; slot < swap_area.slots.count; slot++) {
		uint32_t word = *slot_word(&swap_area.slots, slot);

		if (!is_right(slot, word) && nfaults++ == 0)
			*first_ret = slot;
		nfree += word == SLOT_FREE;
	}
	/* With one reference too few, the word is by now that of a bad slot, which is right. */
	if (nfaults == 0 && overdrawn != SLOT_NONE) {
		*first_ret = overdrawn;
		nfaults = 1;
	}
	overdrawn = SLOT_NONE;
	return nfaults + (nfree < swap_area.slots.nfree);
}

/* ---- pages leave the cache ---- */

bool swap_slot_is_referenced(uint64_t slot)
{
	uint32_t word = slot < swap_area.slots.count ? *slot_word(&swap_area.slots, slot)
						     : SLOT_FREE;

	assert_hardened(spin_lock_held(&swap_cache.lock));
	return word != SLOT_FREE && word < SLOT_CACHED;
}

/* Leaves the cache, if no entry refers to the slot. The caller holds the lock. */
static bool forget_locked(struct page *page, bool mapped)
{
	assert_hardened(spin_lock_held(&swap_cache.lock));
	/* The caller need not have a reference: the frame may be another page's by now. */
	if (!page_has(page, PAGE_SWAP_CACHED) || radix_find(&swap_cache.pages, page->index) != page)
		return false;
	if (page_has(page, PAGE_WRITING) || (page->maps != 0) != mapped ||
	    *slot_word(&swap_area.slots, page->index) != SLOT_CACHED)
		return false;
	swap_cache_remove_page(page);
	return true;
}

static void forget(struct page *page, bool mapped)
{
	bool gone;

	spin_lock(&swap_cache.lock);
	gone = forget_locked(page, mapped);
	spin_unlock(&swap_cache.lock);
	if (gone)
		page_put(page);
}

void swap_forget(struct page *page)
{
	forget(page, true);
}

/* Forgets the next page from *slot on that is in memory. Returns false if there is none. */
static bool drain_one(uint64_t *slot)
{
	struct page *page = NULL;
	bool gone = false;
	void *held;

	spin_lock(&swap_cache.lock);
	held = radix_next(&swap_cache.pages, slot, UINT64_MAX);
	page = index_page(held);
	if (page)
		gone = forget_locked(page, true);
	spin_unlock(&swap_cache.lock);
	if (gone)
		page_put(page);
	++*slot;
	return held != NULL;
}

uint64_t swap_area_drain(void)
{
	uint64_t slot = 0, result;

	while (drain_one(&slot))
		(void)vm_pause();
	spin_lock(&swap_cache.lock);
	result = swap_area.slots.nfree == swap_area.usable &&
				 refcount_read(&swap_cache.refs) == 1 && !swap_writing()
			 ? swap_area.usable
			 : 0;
	spin_unlock(&swap_cache.lock);
	return result;
}

void swap_page_unmapped(struct page *page)
{
	if (page_has(page, PAGE_SWAP_CACHED))
		forget(page, false);
}
