/* SPDX-License-Identifier: MIT */
/* Write protection by a program: in pieces of a leaf table each. */
#include "mm/verbs/userfault_wp.h"

#include "abi/errno.h"
#include "mm/fault/install.h"
#include "mm/host.h"
#include "mm/phys/table_pages.h"
#include "mm/space/large_entry.h"
#include "mm/space/tlb_gather.h"
#include "mm/swap/relieve.h"

/* Marks what is EMPTY in [at, end), which has one leaf table at most. The caller has prepared the tables that may be missing. */
static void mark_empty(struct vma *vma, vaddr_t at, vaddr_t end, struct mmu_tables *tables)
{
	const unsigned before = tables->count;
	struct space *space = vma->space;
	struct mmu_entry *slot;

	if (space->large && arch_mmu_lookup_large(&space->mmu, at))
		return;
	(void)arch_mmu_prepare(&space->mmu, at, tables);
	space->tables += before - tables->count;
	vma_touch(vma, at);
	vma_touch(vma, end - PAGE_SIZE);
	slot = arch_mmu_lookup(&space->mmu, at);
	for (; at < end; at += PAGE_SIZE, slot++)
		(void)entry_cas(slot, ENTRY_NONE, entry_set_wp(ENTRY_NONE, true));
}

static vaddr_t end_of_leaf_table(vaddr_t at, vaddr_t end)
{
	return MIN(end, ALIGN_DOWN(at, MMU_LARGE_SIZE) + MMU_LARGE_SIZE);
}

/* A piece. Returns where it stopped. The caller holds the space's lock. */
static vaddr_t set_wp_piece(struct gather *gather, struct vma *vma, vaddr_t at, vaddr_t end,
			    bool wp, struct mmu_tables *tables)
{
	if (tables) {
		end = end_of_leaf_table(at, end);
		mark_empty(vma, at, end, tables);
	}
	gather->leaves = GATHER_LEAVES - 1;
	at = gather_set_wp(gather, vma, at, end, wp);
	gather_fence(gather);
	debt_assert_none(vma->space);
	return at;
}

int vma_set_wp(struct vma *vma, vaddr_t start, vaddr_t end, bool wp, bool marks)
{
	struct space *space = vma->space;
	struct mmu_tables tables = { 0 };
	struct gather gather;
	vaddr_t at = start;
	int result = marks ? tables_fill_wait(&tables, MMU_LEVELS - 1) : 0;

	assert_hardened(mm_host.mmap_locked(space));
	space_lock(space);
	space_busy_locked(space, start, end);
	result = result ?: large_split_edges(space, start, end, PAGE_NORMAL);
	gather_init(&gather, space);
	while (!result && at < end) {
		at = set_wp_piece(&gather, vma, at, end, wp, marks ? &tables : NULL);
		if (at < end) {
			space_unlock(space);
			result = vm_pause() ? -EINTR
				 : marks    ? tables_fill_wait(&tables, MMU_LEVELS - 1)
					    : 0;
			space_lock(space);
		}
	}
	if (!result && !wp)
		install_gained(vma, MAX(start, vma->touched_start), MIN(end, vma->touched_end));
	space_unlock_idle(space);
	tables_free(&tables);
	return result;
}
