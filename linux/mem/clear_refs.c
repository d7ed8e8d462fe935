/* SPDX-License-Identifier: MIT */
/* /proc/PID/clear_refs: forgets which pages were used, so that smaps shows those that are used from here on. */
#include "linux/mem/mem.h"
#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/space/space_visit.h"
#include "mm/space/tlb_gather.h"
#include "mm/swap/page_age.h"

/* Entries, and VMAs, that are looked at in one hold of the space's lock. */
#define CLEAR_ENTRIES 128
#define CLEAR_VMAS    32

struct clear_refs {
	struct space *space;
	enum vm_refs which;
	vaddr_t next; /* where to go on */
	unsigned left;
	struct mmu_flush flush;
};

/* For reclaim, the page was used. */
static void clear_refs_entry(struct clear_refs *clear, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry entry = entry_load(slot);
	struct page *page;

	if (!entry_has_page(entry) || !(entry_flags(entry) & ENTRY_ACCESSED))
		return;
	page = pfn_to_page(entry_pfn(entry));
	if (!page || (page_kind(page) != PAGE_ANON && page_kind(page) != PAGE_OBJECT))
		return;
	if (entry_clear_accessed(clear->space, va, slot, entry, &clear->flush))
		page_set_used(page);
}

static int clear_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct clear_refs *clear = arg;

	entry_for_each_used(slot, leaf->entries, end) {
		clear->next = mmu_leaf_va(leaf, slot);
		if (!clear->left)
			return 1;
		clear->left--;
		clear_refs_entry(clear, clear->next, slot);
	}
	clear->next = mmu_leaf_end(leaf);
	return 0;
}

static bool clear_refs_wants(void *arg, struct vma *vma)
{
	const struct clear_refs *clear = arg;

	return clear->which == VM_REFS_ALL || (clear->which == VM_REFS_FILES) == !!vma->object;
}

/* Clears a piece of the space. Returns false at its end. */
static bool clear_piece_locked(struct clear_refs *clear)
{
	assert_hardened(spin_lock_held(&clear->space->lock));
	clear->left = CLEAR_ENTRIES;
	return space_visit_vmas(clear->space, &clear->next, CLEAR_VMAS, clear_refs_wants,
				clear_leaf, clear);
}

int vm_clear_refs(struct space *space, enum vm_refs which)
{
	struct clear_refs clear = { .space = space, .which = which };
	bool more;
	int err;

	mmu_flush_init(&clear.flush);
	do {
		space_lock(space);
		more = clear_piece_locked(&clear);
		space_fence(space, &clear.flush);
		debt_assert_none(space);
		space_unlock(space);
		err = vm_pause();
	} while (more && !err);
	return err;
}

void vm_forget_peak(struct space *space)
{
	space_lock(space);
	space->stats.peak_resident = space->resident;
	space_unlock(space);
}
