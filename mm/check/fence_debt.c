/* SPDX-License-Identifier: MIT */
/* Records the fences that are owed, in the hardened build. */
#include "mm/check/fence_debt.h"

#ifdef FAULTLINE_HARDENED

#include "abi/errno.h"
#include "mm/phys/kmalloc.h"
#include "mm/relieve.h"

struct debt {
	vaddr_t va;
	pfn_t pfn;
};

/* Guarded by the space's lock. Room for all entries of a leaf table: no piece of a verb changes more before it fences. */
struct debts {
	unsigned count;
	vaddr_t deferred; /* the first address for which fork owes a fence; 0: it owes none */
	struct debt owed[MMU_LEAF_ENTRIES];
};

int debts_create(struct space *space)
{
	struct relief relief = { 0 };

	while (!(space->debts = kzalloc(sizeof(struct debts))))
		if (relieve(&relief))
			return -ENOMEM;
	return 0;
}

void debts_destroy(struct space *space)
{
	debt_assert_none(space);
	kfree(space->debts);
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
	debts->owed[debts->count++] = (struct debt){ .va = va, .pfn = entry_pfn(old) };
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
		if (!is_fenced(flush, debts->owed[i].va))
			debts->owed[left++] = debts->owed[i];
	}
	debts->count = left;
}

void debt_defer(struct space *space)
{
	struct debts *debts = space->debts;

	if (debts->count && !debts->deferred)
		debts->deferred = debts->owed[0].va;
	debts->count = 0;
}

void debt_assert_entry(struct space *space, vaddr_t va)
{
	for (unsigned i = 0; i < space->debts->count; i++) {
		if (space->debts->owed[i].va == va)
			panic("debt: a frame is written at %#lx before the fence for the last one",
			      (unsigned long)va);
	}
}

void debt_assert_frame(struct space *space, const struct page *page)
{
	pfn_t pfn = page_to_pfn(page);

	for (unsigned i = 0; i < space->debts->count; i++) {
		if (space->debts->owed[i].pfn == pfn)
			panic("debt: frame %#lx is given up before the fence for %#lx",
			      (unsigned long)pfn, (unsigned long)space->debts->owed[i].va);
	}
}

void debt_assert_none(struct space *space)
{
	if (space->debts && space->debts->count)
		panic("debt: %u fences are owed, the first for %#lx", space->debts->count,
		      (unsigned long)space->debts->owed[0].va);
	if (space->debts && space->debts->deferred)
		panic("debt: fork owes a fence, first for %#lx",
		      (unsigned long)space->debts->deferred);
}

#endif
