/* SPDX-License-Identifier: MIT */
/* Grants that need no page: the entry keeps its frame and gets more rights. */
#include "arch/hart.h"
#include "mm/install.h"
#include "sync/interleave.h"

/* More than so many pages get rights that their VMA gained by faults. */
#define AHEAD_PAGES 16

/* Gives the entry's own frame more rights. False: the hardware was quicker. */
static inline bool entry_raise(struct mmu_entry *slot, vaddr_t va, struct mmu_entry old,
			       unsigned rights, unsigned flags)
{
	interleave(INTERLEAVE_GRANTING, LOCK_NONE, slot);
	if (rights & ~entry_rights(old) & RIGHT_EXEC)
		arch_icache_sync();
	if (unlikely(!entry_cas(slot, old, entry_with(old, rights, flags))))
		return false;
	arch_mmu_fence_local(va);
	return true;
}

static inline int grant_more(struct fault *fault, unsigned rights, unsigned flags)
{
	enum fault_kind kind = fault->kind;

	if (unlikely(!entry_raise(fault->slot, fault->va, fault->entry, rights, flags))) {
		fault->space->stats.retry[RETRY_RACE]++;
		return FAULT_AGAIN;
	}
	fault_count(fault, kind);
	return 0;
}

/*
 * What an entry lags behind its VMA, but for the right to write, which REUSE, COW and REMAP give.
 */
static int grant_accessed(struct fault *fault)
{
	unsigned rights = entry_rights(fault->entry) | (fault->vma->rights & ~RIGHT_WRITE);

	return grant_more(fault, rights, entry_flags(fault->entry) | fault_used_flags(fault));
}

/* Kept apart: REUSE would pay for the registers that its lock takes. */
static __attribute__((noinline)) int grant_remap(struct fault *fault)
{
	struct object *object = fault->vma->object;

	/*
	 * A page that a truncation has taken out of its object meanwhile goes from here too, soon:
	 * this write came before it. (Files that are written back will have a limit here.)
	 */
	page_set_dirty(pfn_to_page(entry_pfn(fault->entry)));
	if (object->ops->stored) {
		spin_lock(&object->lock);
		object_stored(object);
		spin_unlock(&object->lock);
	}
	return grant_more(fault, fault->vma->rights, fault_used_flags(fault));
}

int install_in_place(struct fault *fault)
{
	assert_hardened(spin_lock_held(&fault->space->lock));
	switch (fault->kind) {
	case FAULT_REUSE:
		return grant_more(fault, fault->vma->rights, ENTRY_ACCESSED | ENTRY_DIRTY);
	case FAULT_ACCESSED:
		return grant_accessed(fault);
	case FAULT_SPURIOUS:
		/* The fault may have been for a table that another hart has linked since. */
		arch_mmu_fence_local_all();
		fault_count(fault, FAULT_SPURIOUS);
		return 0;
	case FAULT_REMAP:
		return grant_remap(fault);
	default:
		panic("fault: %s is not done in place", fault_kind_name(fault->kind));
	}
}

/* Would a write be REUSE? => the entry holds a page */
static inline bool is_reusable(const struct vma *vma, struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn(entry));
	struct fault_facts facts = {
		/* gcc-analyzer-suppress null-dereference ; an entry's frame is one of ours */
		.page_kind = page->kind,
		.page_flags = page->pins ? FACT_PINNED : 0,
		.maps = page->maps,
		.refs = page->refs,
	};

	return (vma->rights & RIGHT_WRITE) && !vma_is_shared(vma) && facts_tell_last_holder(&facts);
}

/* What ACCESSED or REUSE would give it. (If the hardware is quicker, they do.) */
static inline void install_ahead(const struct vma *vma, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry old = entry_load(slot);
	unsigned rights = entry_rights(old) | (vma->rights & ~RIGHT_WRITE);
	unsigned flags = entry_flags(old);

	if (entry_empty(old))
		return;
	if (is_reusable(vma, old)) {
		rights = vma->rights;
		flags &= ~ENTRY_COW;
	}
	if (rights != entry_rights(old))
		(void)entry_raise(slot, va, old, rights, flags);
}

void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	assert_hardened(spin_lock_held(&vma->space->lock));
	if (start >= end || end - start > AHEAD_PAGES * PAGE_SIZE)
		return;
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		struct mmu_entry *slot = arch_mmu_lookup(&vma->space->mmu, va);

		if (slot)
			install_ahead(vma, va, slot);
	}
}
