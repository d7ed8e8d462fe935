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
#include "mm/swap/swap_io.h"
#include "mm/swap/swap_slots.h"
#include "sync/atomic.h"

/*
 * The lock is valid even when no swap area exists: a thread may have seen an area that was removed
 * before the thread took the lock.
 */
struct object swap_cache = { .lock = SPINLOCK_INIT(LOCK_SWAP_CACHE) }; /* guarded as any object */

/* Guarded by swap_cache.lock: */
static struct swap_slots slots;
static struct radix_spare nodes; /* for insertions, which must not need memory */
static uint64_t usable;		 /* slots that are not bad */
static bool is_frozen;		 /* no more pages go out: swapoff */

static bool destroyed; /* the last reference to the cache is gone; atomic */

/*
 * An insertion takes at most NODES_LEAST, and those that follow it in a piece of the hand's way
 * lie in the same nodes. Nodes above NODES_MOST are given back.
 */
#define NODES_LEAST 16u
#define NODES_MOST  32u
#define NODES_FREED 64u /* in one hold of the lock */

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
	slots = fresh;
	usable = fresh.nfree;
	is_frozen = false;
	spin_unlock(&swap_cache.lock);
	return 0;
}

void swap_area_stop(void)
{
	struct swap_slots old;
	struct radix_spare unused;

	spin_lock(&swap_cache.lock);
	unused = nodes;
	radix_spare_init(&nodes);
	old = slots;
	slots = (struct swap_slots){ 0 };
	usable = 0;
	spin_unlock(&swap_cache.lock);
	atomic_store(&destroyed, false);
	object_put(&swap_cache);
	while (!atomic_load(&destroyed)) /* the hand has another one */
		(void)vm_pause();
	object_nodes_free(&unused);
	slots_destroy(&old);
}

bool swap_area_freeze(bool frozen)
{
	bool was;

	spin_lock(&swap_cache.lock);
	was = is_frozen;
	is_frozen = frozen;
	spin_unlock(&swap_cache.lock);
	return was != frozen;
}

uint64_t swap_total(void)
{
	return atomic_load_relaxed(&slots.count);
}

uint64_t swap_free(void)
{
	return atomic_load_relaxed(&slots.nfree);
}

uint64_t swap_out_count(void)
{
	uint64_t used = atomic_load_relaxed(&usable) - swap_free();
	uint64_t cached = atomic_load_relaxed(&swap_cache.npages);

	return used > cached ? used - cached : 0;
}

struct swap_census swap_census(void)
{
	struct swap_census census;

	spin_lock(&swap_cache.lock);
	census.usable = usable;
	census.free = slots.nfree;
	spin_unlock(&swap_cache.lock);
	return census;
}

bool swap_is_on(void)
{
	return swap_total() != 0;
}

bool swap_is_full(void)
{
	return swap_free() == 0 || atomic_load_relaxed(&is_frozen);
}

/* ---- slots and pages ---- */

/* Takes the page out of the cache. The caller holds the lock, and drops the cache's reference. */
static void swap_cache_remove_page(struct page *page)
{
	assert_hardened(spin_lock_held(&swap_cache.lock) && page->owner == &swap_cache);
	(void)index_remove(&swap_cache, page->index, &nodes);
	page->owner = NULL;
	page_clear(page, PAGE_SWAP_CACHED | PAGE_DIRTY);
	if (*slot_word(&slots, page->index) == SLOT_CACHED)
		slots_free(&slots, page->index);
}

/* Does the page keep its slot, although no entry refers to that? */
static bool keeps_slot(const struct page *page)
{
	return page->maps || page_has(page, PAGE_WRITING);
}

/*
 * Drops a reference to a slot. Returns the page that has left the cache because of that, or NULL:
 * the caller drops the cache's reference to it. The caller holds the lock.
 */
static struct page *slot_put_locked(uint64_t slot)
{
	uint32_t *word = slot_word(&slots, slot);
	struct page *page;
	void *held;

	assert_hardened(*word != SLOT_FREE && *word < SLOT_CACHED);
	if (--*word)
		return NULL;
	held = radix_find(&swap_cache.pages, slot);
	page = index_page(held);
	if (page)
		*word = SLOT_CACHED;
	if (page && keeps_slot(page))
		return NULL;
	if (page) {
		swap_cache_remove_page(page);
		return page;
	}
	if (held) /* a read that is not needed any more, an error, or a stamp */
		(void)index_remove(&swap_cache, slot, &nodes);
	slots_free(&slots, slot);
	return NULL;
}

void swap_slot_get_locked(uint64_t slot)
{
	uint32_t *word = slot_word(&slots, slot);

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
	page = slot_put_locked(slot);
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
	return *slot_word(&slots, page->index) == SLOT_CACHED;
}

/* A slot that had fewer references than were found. Private to the ledger. */
static uint64_t overdrawn = SLOT_NONE;

void swap_slot_count(uint64_t slot, int delta)
{
	uint32_t word = *slot_word(&slots, slot);

	if (delta < 0 && (word == SLOT_FREE || word >= SLOT_CACHED))
		overdrawn = slot;
	*slot_word(&slots, slot) += (uint32_t)delta;
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
	uint32_t word = *slot_word(&slots, slot);

	/* Without SLOT_CACHED, and below 0 if more were found than there are. */
	return (int32_t)(word << 1) >> 1;
}

uint64_t swap_slot_faults(uint64_t *first_ret)
{
	uint64_t nfaults = 0, nfree = 0;

	for (uint64_t slot = 0; slot < slots.count; slot++) {
		uint32_t word = *slot_word(&slots, slot);

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
	return nfaults + (nfree < slots.nfree);
}

/* ---- out ---- */

void swap_out_prepare(void)
{
	struct radix_spare fresh, extra;

	if (!swap_is_on())
		return;
	radix_spare_init(&fresh);
	radix_spare_init(&extra);
	if (atomic_load_relaxed(&nodes.count) < NODES_LEAST) /* removals have not left enough */
		(void)object_nodes_fill(&fresh, NODES_LEAST, PAGE_RESERVE);
	spin_lock(&swap_cache.lock);
	/* The area may have ended meanwhile. */
	while (slots.count && nodes.count < NODES_LEAST && fresh.count)
		radix_spare_give(&nodes, radix_spare_take(&fresh));
	for (unsigned i = 0; i < NODES_FREED && nodes.count > NODES_MOST; i++)
		radix_spare_give(&extra, radix_spare_take(&nodes));
	spin_unlock(&swap_cache.lock);
	object_nodes_free(&fresh);
	object_nodes_free(&extra);
}

/* Gives the page a slot. The caller holds the lock. */
static bool swap_cache_insert(struct page *page)
{
	uint64_t slot = is_frozen ? SLOT_NONE : slots_take(&slots);

	if (slot == SLOT_NONE)
		return false;
	if (radix_missing(&swap_cache.pages, slot) > nodes.count) {
		slots_free(&slots, slot);
		return false;
	}
	page_set(page, PAGE_SWAP_CACHED | PAGE_DIRTY);
	index_insert(&swap_cache, slot, INDEX_ENTRY_EMPTY, page, &nodes);
	return true;
}

/*
 * The page must be written, and its old slot is not near those of the pages that are written with
 * it. Gives it another slot, if possible.
 */
static void move_page(struct page *page)
{
	uint64_t old = page->index, fresh;

	if (*slot_word(&slots, old) != SLOT_CACHED || page_has(page, PAGE_WRITING))
		return;
	fresh = slots_take_in_order(&slots);
	if (fresh == SLOT_NONE)
		return;
	if (radix_missing(&swap_cache.pages, fresh) > nodes.count) {
		slots_free(&slots, fresh);
		return;
	}
	index_move(&swap_cache, page, fresh, &nodes);
	slots_free(&slots, old);
	page_set_dirty(page);
}

bool swap_out_page(struct page *page, bool dirty, uint64_t *slot_ret)
{
	bool cached;

	spin_lock(&swap_cache.lock);
	if (!page_has(page, PAGE_SWAP_CACHED)) {
		cached = swap_cache_insert(page);
	} else {
		cached = !is_frozen;
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

bool swap_take_page(struct page *page, uint64_t *slot_ret)
{
	bool taken;

	assert_hardened(page->counts == PAGE_ONE_REF);
	spin_lock(&swap_cache.lock);
	taken = swap_cache_insert(page);
	if (taken) {
		page_turn(page, PAGE_OBJECT, PAGE_ANON);
		*slot_ret = page->index;
		swap_slot_get_locked(page->index);
		swap_write_page(&swap_cache, page);
	}
	spin_unlock(&swap_cache.lock);
	if (taken)
		page_put(page); /* the object's reference; the cache has one of its own */
	return taken;
}

/* A page that came along with another is needed. */
static void see_use(struct page *page)
{
	if (!page_has(page, PAGE_AHEAD))
		return;
	object_page_used(page);
	swap_ahead_used(page->index);
}

bool swap_give_page(struct page *page)
{
	bool given;

	spin_lock(&swap_cache.lock);
	given = !page_has(page, PAGE_WRITING);
	if (given) {
		see_use(page);
		(void)slot_put_locked(page->index); /* the caller has another reference */
		swap_cache_remove_page(page);
		page_turn(page, PAGE_ANON, PAGE_OBJECT);
	}
	spin_unlock(&swap_cache.lock);
	return given;
}

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
	if (*slot_word(&slots, page->index) == SLOT_CACHED && !keeps_slot(page)) {
		swap_cache_remove_page(page);
		gone = true;
	} else {
		gone = drop_if_cold(page);
	}
	spin_unlock(&swap_cache.lock);
	if (gone)
		page_put(page);
}

/* ---- back ---- */

/* Few slots are free: those of pages that are in memory are better used for others. */
static bool is_scarce(void)
{
	return slots.nfree < usable / 2;
}

bool swap_slot_is_referenced(uint64_t slot)
{
	uint32_t word = slot < slots.count ? *slot_word(&slots, slot) : SLOT_FREE;

	assert_hardened(spin_lock_held(&swap_cache.lock));
	return word != SLOT_FREE && word < SLOT_CACHED;
}

bool swap_in_page(struct page *page, bool write, bool own)
{
	uint64_t slot = page->index;
	uint32_t left;
	bool alone;

	assert_hardened(spin_lock_held(&swap_cache.lock) && page->owner == &swap_cache);
	see_use(page);
	(void)slot_put_locked(slot); /* the page is mapped, so it stays */
	left = *slot_word(&slots, slot);
	alone = page->maps == 1 && page->refs == 2u + own && left == (own ? 1 : SLOT_CACHED);
	if (alone && (write || is_scarce())) {
		swap_cache_remove_page(page);
		page_put(page);
	}
	return alone;
}

/* Leaves the cache, if no entry refers to the slot. The caller holds the lock. */
static bool forget_locked(struct page *page, bool mapped)
{
	assert_hardened(spin_lock_held(&swap_cache.lock));
	/* The caller need not have a reference: the frame may be another page's by now. */
	if (!page_has(page, PAGE_SWAP_CACHED) || radix_find(&swap_cache.pages, page->index) != page)
		return false;
	if (page_has(page, PAGE_WRITING) || (page->maps != 0) != mapped ||
	    *slot_word(&slots, page->index) != SLOT_CACHED)
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
	result = slots.nfree == usable && refcount_read(&swap_cache.refs) == 1 && !swap_writing()
			 ? usable
			 : 0;
	spin_unlock(&swap_cache.lock);
	return result;
}

void swap_page_unmapped(struct page *page)
{
	if (page_has(page, PAGE_SWAP_CACHED))
		forget(page, false);
}
