/* SPDX-License-Identifier: MIT */
/* Large entries of a space: they are split where a part of their block is wanted. */
#include "mm/space/large_entry.h"

#include "abi/errno.h"
#include "mm/record.h"

void large_split_to(struct space *space, vaddr_t base, paddr_t table, enum large_split_why why)
{
	struct mmu_flush flush;
	struct mmu_entry old;

	assert_hardened(spin_lock_held(&space->lock) && IS_ALIGNED(base, MMU_LARGE_SIZE));
	old = arch_mmu_split_large(&space->mmu, base, table);
	large_map_split(pfn_to_page(entry_pfn(old)));
	counter_add(&large_counts.split[why], 1);
	space->large--;
	space->tables++;
	space->layout++;
	mmu_flush_init(&flush);
	flush.tables = true;
	space_fence(space, &flush);
	note_change(space, CHANGE_SPLIT, base, why, 0);
}

int large_split(struct space *space, vaddr_t base, enum page_alloc_from from,
		enum large_split_why why)
{
	struct page *table = page_alloc(0, PAGE_TABLE, from);

	if (!table)
		return -ENOMEM;
	large_split_to(space, base, page_to_paddr(table), why);
	return 0;
}

/* Splits the large entry that has a border inside, if there is one. */
static int split_at(struct space *space, vaddr_t border, enum page_alloc_from from)
{
	if (IS_ALIGNED(border, MMU_LARGE_SIZE) || !arch_mmu_lookup_large(&space->mmu, border))
		return 0;
	return large_split(space, large_base(border), from, SPLIT_PART);
}

int large_split_found(struct space *space, vaddr_t start, vaddr_t end, enum page_alloc_from from)
{
	return split_at(space, start, from) ?: split_at(space, end, from);
}

void large_note_ref_at(const struct space *space, vaddr_t va)
{
	const struct mmu_entry *slot;

	assert_hardened(spin_lock_held(&space->lock));
	slot = unlikely(space->large) ? arch_mmu_lookup_large(&space->mmu, va) : NULL;
	if (slot)
		large_note_ref(pfn_to_page(entry_pfn(entry_load(slot))));
}

struct mmu_entry entry_at(const struct space *space, vaddr_t va)
{
	const struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, va);

	if (slot)
		return entry_load(slot);
	slot = arch_mmu_lookup_large(&space->mmu, va);
	if (!slot)
		return ENTRY_NONE;
	return entry_of_large(entry_load(slot), (va >> PAGE_SHIFT) % MMU_LEAF_ENTRIES);
}
