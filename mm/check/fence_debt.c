/* SPDX-License-Identifier: MIT */
/* Records the fences that are owed, in the hardened build. */
#include "mm/check/fence_debt.h"

#ifdef FAULTLINE_HARDENED

#include "abi/errno.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/relieve.h"

/*
 * Guarded by the space's lock. Two frames, because memory may have no block of two: room for all entries of a leaf table.
 * No piece of a verb changes more before it fences.
 */
struct debts {
	unsigned count;
	vaddr_t deferred; /* the first address for which fork owes a fence; 0: it owes none */
	vaddr_t *va;
	pfn_t *pfn; /* of the frame at each address */
};

_Static_assert(MMU_LEAF_ENTRIES * sizeof(vaddr_t) <= PAGE_SIZE, "the debts fit");

static SLAB_CACHE(debts_cache, struct debts);

static void *frame_of_debts(void)
{
	struct page *page = page_alloc_wait(0, PAGE_KERNEL);

	return page ? page_address(page) : NULL;
}

int debts_create(struct space *space)
{
	struct debts *debts = slab_alloc_wait(&debts_cache);

	if (!debts)
		return -ENOMEM;
	*debts = (struct debts){ .va = frame_of_debts() };
	if (debts->va)
		debts->pfn = frame_of_debts();
	space->debts = debts;
	if (debts->pfn)
		return 0;
	debts_destroy(space);
	return -ENOMEM;
}

void debts_destroy(struct space *space)
{
	debt_assert_none(space);
	kfree(space->debts->va);
	kfree(space->debts->pfn);
	slab_free(&debts_cache, space->debts);
	space->debts = NULL;
}

void debt_owe(struct space *space, vaddr_t va, struct mmu_entry old, struct mmu_entry new)
{
	struct debts *debts = space->debts;

	if (!entry_downgrades(old, new))
		return;
	/* The lock is checked for the first debt only: a piece runs under one hold of the lock. */
	assert(debts->count || spin_lock_held(&space->lock));
	if (debts->count == MMU_LEAF_ENTRIES)
		panic("debt: one piece changes more than %d entries before its fence, the next at %#lx",
		      MMU_LEAF_ENTRIES, (unsigned long)va);
	debts->va[debts->count] = va;
	debts->pfn[debts->count++] = entry_pfn(old);
}

static bool is_fenced(const struct mmu_flush *flush, vaddr_t va)
{
	for (unsigned i = 0; i < flush->count; i++) {
		if (flush->va[i] == va)
			return true;
	}
	return false;
}

void debt_pay(struct space *space, const struct mmu_flush *flush)
{
	struct debts *debts = space->debts;
	unsigned left = 0;

	assert(spin_lock_held(&space->lock));
	if (flush->all || flush->tables)
		debts->count = 0, debts->deferred = 0;
	for (unsigned i = 0; i < debts->count; i++) {
		if (is_fenced(flush, debts->va[i]))
			continue;
		debts->va[left] = debts->va[i];
		debts->pfn[left++] = debts->pfn[i];
	}
	debts->count = left;
}

void debt_defer(struct space *space)
{
	struct debts *debts = space->debts;

	if (debts->count && !debts->deferred)
		debts->deferred = debts->va[0];
	debts->count = 0;
}

void debt_assert_entry(struct space *space, vaddr_t va)
{
	for (unsigned i = 0; i < space->debts->count; i++) {
		if (space->debts->va[i] == va)
			panic("debt: a frame is written at %#lx before the fence for the last one",
			      (unsigned long)va);
	}
}

void debt_assert_frame(struct space *space, const struct page *page)
{
	pfn_t pfn = page_to_pfn(page);

	for (unsigned i = 0; i < space->debts->count; i++) {
		if (space->debts->pfn[i] == pfn)
			panic("debt: frame %#lx is given up before the fence for %#lx",
			      (unsigned long)pfn, (unsigned long)space->debts->va[i]);
	}
}

void debt_assert_none(struct space *space)
{
	if (space->debts && space->debts->count)
		panic("debt: %u fences are owed, the first for %#lx", space->debts->count,
		      (unsigned long)space->debts->va[0]);
	if (space->debts && space->debts->deferred)
		panic("debt: fork owes a fence, first for %#lx",
		      (unsigned long)space->debts->deferred);
}

#endif
