/* SPDX-License-Identifier: MIT */
/* swapoff: reads pages back into the entries that refer to their slots. */
#include "mm/swap/swap_off.h"

#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/install.h"
#include "mm/host.h"
#include "mm/object/object_io.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/phys/page_alloc.h"
#include "mm/record.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_io.h"

/* Leaf tables that are searched in one hold of the space's lock. */
#define SEARCH_LEAVES 8

/*
 * Entries that are found at once. Their reads take half of the requests: programs need some, too.
 */
#define BATCH 8

struct swapped_entry {
	vaddr_t va;
	struct mmu_entry entry;
};

/* The search for entries that are SWAP. */
struct search {
	vaddr_t next; /* where to go on */
	unsigned leaves;
	unsigned count;
	struct swapped_entry found[BATCH];
};

static int search_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct search *search = arg;

	search->next = leaf->va;
	if (search->leaves++ == SEARCH_LEAVES)
		return 1;
	entry_for_each_used(slot, leaf->entries, end) {
		struct mmu_entry entry = entry_load(slot);

		search->next = mmu_leaf_va(leaf, slot);
		if (entry_state(entry) != ENTRY_SWAP)
			continue;
		if (search->count == BATCH)
			return 1;
		search->found[search->count++] = (struct swapped_entry){ search->next, entry };
	}
	return 0;
}

/*
 * Finds the next entries that are SWAP from search->next on, with a reference to the slot of each.
 * search->next is USER_TOP after the last piece.
 */
static void find_swapped(struct space *space, struct search *search)
{
	vaddr_t from = search->next;

	search->leaves = search->count = 0;
	space_lock(space);
	if (space->dying || !space->swapped ||
	    !arch_mmu_visit(&space->mmu, from, USER_TOP, search_leaf, search))
		search->next = USER_TOP;
	for (unsigned i = 0; i < search->count; i++)
		swap_slot_get(entry_swap_slot(search->found[i].entry));
	space_unlock(space);
}

bool swap_off_fits(void)
{
	return swap_out_count() <= page_alloc_free_count();
}

/*
 * Gets the page of an object, of the swap cache for example, from swap. Returns 0 or a negative
 * errno.
 */
static int bring(struct object *object, uint64_t index, struct page **page_ret)
{
	return swap_off_fits() ? object_page_wait(object, index, page_ret, true) : -ENOMEM;
}

/* ---- private pages ---- */

/*
 * Begins the read of the page that is needed now, and those of the next ones, so that the thread
 * waits once for all of them: beside CPU-bound programs each wait lasts for their slices. Where
 * neighbours come along with a page, one read brings several pages anyway, and another read that is
 * begun before these are used would stop neighbours from coming along.
 */
static void start_reads(const struct search *search, unsigned first)
{
	for (unsigned i = first; i < search->count && (i == first || !swap_reads_along()); i++) {
		uint64_t slot = entry_swap_slot(search->found[i].entry);
		struct vm_wait wait;
		struct page *page;

		vm_wait_init(&wait);
		if (swap_off_fits() && !object_page(&swap_cache, slot, &page, &wait))
			page_put(page);
	}
}

/* Maps the page, unless the entry has changed meanwhile. */
static void map_page(struct space *space, const struct swapped_entry *found, struct page *page)
{
	struct swapped_page swapped = { .va = found->va, .page = page };

	space_lock(space);
	swapped.vma = space->dying ? NULL : vma_find(space, found->va);
	swapped.slot = swapped.vma ? arch_mmu_lookup(&space->mmu, found->va) : NULL;
	if (swapped.slot && entry_load(swapped.slot).word == found->entry.word) {
		swapped.prot = swapped.vma->prot;
		spin_lock(&swap_cache.lock);
		(void)install_swapped_page(&swapped, false, true);
		note_entry(space, found->va, found->entry, entry_load(swapped.slot));
		spin_unlock(&swap_cache.lock);
		debt_assert_none(space);
	}
	space_unlock(space);
}

/* Brings back the page of the i-th entry. */
static int swap_in_entry(struct space *space, const struct search *search, unsigned i)
{
	const struct swapped_entry *found = &search->found[i];
	uint64_t slot = entry_swap_slot(found->entry);
	struct page *page;
	int result;

	if (!swap_has_page(slot))
		start_reads(search, i);
	result = bring(&swap_cache, slot, &page);
	if (result)
		return result;
	map_page(space, found, page);
	page_put(page);
	return vm_pause() ? -EINTR : 0;
}

int swap_in_space(struct space *space, bool (*is_wanted)(struct space *space))
{
	struct search search = { 0 };
	bool wanted = true;
	int result = 0;

	while (!result && wanted && search.next < USER_TOP) {
		find_swapped(space, &search);
		for (unsigned i = 0; i < search.count; i++) {
			wanted = wanted && !result && (!is_wanted || is_wanted(space));
			if (wanted)
				result = swap_in_entry(space, &search, i);
			swap_slot_put(entry_swap_slot(search.found[i].entry));
		}
		if (!search.count && vm_pause())
			result = -EINTR;
	}
	return result;
}

/* ---- pages of objects ---- */

/* Indices that are looked at in one hold of an object's lock. */
#define SEARCH_INDICES 64

/*
 * Finds the next index from *index on whose page is in swap. Returns false at the end, or after
 * some others: *more_ret says whether to go on.
 */
static bool next_swapped(struct object *object, uint64_t *index, bool *more_ret)
{
	bool swapped = false;

	*more_ret = true;
	spin_lock(&object->lock);
	for (unsigned i = 0; i < SEARCH_INDICES && *more_ret && !swapped; i++) {
		const void *held = radix_next(&object->pages, index, UINT64_MAX - 1);

		*more_ret = held != NULL;
		swapped = index_entry_state(index_entry_of(held)) == INDEX_SWAPPED;
		*index += held && !swapped;
	}
	spin_unlock(&object->lock);
	return swapped;
}

static int swap_in_object(struct object *object)
{
	uint64_t index = 0;
	bool more = object != &swap_cache && atomic_load_relaxed(&object->nswapped);

	while (more) {
		if (next_swapped(object, &index, &more)) {
			struct page *page;
			int result = bring(object, index, &page);

			if (result && result != -ENXIO) /* that one was cut off meanwhile */
				return result;
			if (!result)
				page_put(page);
			index++;
		}
		if (vm_pause())
			return -EINTR;
	}
	return 0;
}

int swap_in_objects(void)
{
	struct object *object = object_next(NULL);
	int result = 0;

	while (object && !result) {
		result = swap_in_object(object);
		if (!result)
			object = object_next(object);
	}
	if (object)
		object_put(object);
	return result;
}
