/* SPDX-License-Identifier: MIT */
/* swapoff: reads pages back into the entries that refer to their slots. */
#include "mm/swap_off.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "mm/install.h"
#include "mm/object_io.h"
#include "mm/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap_cache.h"

/* Leaf tables that are searched in one hold of the space's lock. */
#define SEARCH_LEAVES 8

/* The search for an entry that is SWAP. */
struct search {
	vaddr_t va; /* of the entry that was found, or where the search stopped */
	struct mmu_entry entry;
	unsigned leaves;
	bool found;
};

static int search_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct search *search = arg;

	search->va = leaf->va;
	if (search->leaves++ == SEARCH_LEAVES)
		return 1;
	for (slot = entry_next_used(leaf->entries, end); slot < end;
	     slot = entry_next_used(slot + 1, end)) {
		search->entry = entry_load(slot);
		search->va = mmu_leaf_va(leaf, slot);
		search->found = entry_state(search->entry) == ENTRY_SWAP;
		if (search->found)
			return 1;
	}
	return 0;
}

/*
 * Finds the next entry that is SWAP from search->va on, with a reference to its slot. Returns false
 * if there is none up to the end of the piece: then search->va is where to go on, or USER_TOP.
 */
static bool find_swapped(struct space *space, struct search *search)
{
	vaddr_t from = search->va;

	search->leaves = 0;
	search->found = false;
	spin_lock(&space->lock);
	if (space->dying || !space->swapped ||
	    !arch_mmu_visit(&space->mmu, from, USER_TOP, search_leaf, search))
		search->va = USER_TOP;
	if (search->found)
		swap_slot_get(entry_swap_slot(search->entry));
	spin_unlock(&space->lock);
	return search->found;
}

bool swap_off_fits(void)
{
	return swap_out_count() <= page_alloc_free_count();
}

/* Gets the page of an object, of the swap cache for example, from swap. Returns 0 or a negative errno. */
static int bring(struct object *object, uint64_t index, struct page **page_ret)
{
	return swap_off_fits() ? object_page_wait(object, index, page_ret, true) : -ENOMEM;
}

/* ---- private pages ---- */

/* Maps the page, unless the entry has changed meanwhile. */
static void map_page(struct space *space, const struct search *search, struct page *page)
{
	struct fault fault = { .space = space,
			       .va = search->va,
			       .kind = FAULT_SWAPPED,
			       .page = page,
			       .rounds = 1,
			       .object = &swap_cache,
			       .brought = page };

	spin_lock(&space->lock);
	fault.vma = space->dying ? NULL : vma_find(space, search->va);
	fault.slot = fault.vma ? arch_mmu_lookup(&space->mmu, search->va) : NULL;
	fault.entry = fault.slot ? entry_load(fault.slot) : ENTRY_NONE;
	if (fault.slot && fault.entry.word == search->entry.word) {
		spin_lock(&swap_cache.lock);
		(void)vma_install(&fault);
		spin_unlock(&swap_cache.lock);
	}
	spin_unlock(&space->lock);
}

/* Brings back the page of one entry, and drops the reference to its slot. */
static int swap_in_entry(struct space *space, const struct search *search)
{
	uint64_t slot = entry_swap_slot(search->entry);
	struct page *page;
	int result = bring(&swap_cache, slot, &page);

	if (!result) {
		map_page(space, search, page);
		page_put(page);
	}
	swap_slot_put(slot);
	return result;
}

int swap_in_space(struct space *space, bool (*is_wanted)(struct space *space))
{
	struct search search = { 0 };
	int result = 0;

	while (!result && search.va < USER_TOP && (!is_wanted || is_wanted(space))) {
		if (find_swapped(space, &search)) {
			result = swap_in_entry(space, &search);
			search.va += PAGE_SIZE;
		}
		if (!result && vm_pause())
			result = -EINTR;
	}
	return result;
}

/* ---- pages of objects ---- */

/* Indices that are looked at in one hold of an object's lock. */
#define SEARCH_INDICES 64

/*
 * Finds the next index from *index on whose page is in swap. Returns false at the end, or after some
 * others: *more_ret says whether to go on.
 */
static bool next_swapped(struct object *object, uint64_t *index, bool *more_ret)
{
	bool swapped = false, charged;
	uint64_t slot;

	*more_ret = true;
	spin_lock(&object->lock);
	for (unsigned i = 0; i < SEARCH_INDICES && *more_ret && !swapped; i++) {
		const void *held = radix_next(&object->pages, index, UINT64_MAX - 1);

		*more_ret = held != NULL;
		swapped = held && index_is_swapped(held, &slot, &charged);
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
