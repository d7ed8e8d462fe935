/* Grants that need no page: the entry keeps its frame and gets more rights. */
#include "arch/hart.h"
#include "mm/install.h"
#include "sync/interleave.h"

/* Gives the entry's own frame more rights. */
static inline int grant_more(struct fault *fault, unsigned rights, unsigned flags)
{
	enum fault_kind kind = fault->kind;
	struct mmu_entry old = fault->entry, new = entry_with(old, rights, flags);

	interleave(INTERLEAVE_GRANTING, LOCK_NONE, fault->slot);
	if (rights & ~entry_rights(old) & RIGHT_EXEC)
		arch_icache_sync();
	if (unlikely(!entry_cas(fault->slot, old, new))) {
		fault->space->stats.retry[RETRY_RACE]++;
		return FAULT_AGAIN;
	}
	arch_mmu_fence_local(fault->va);
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

static int grant_remap(struct fault *fault)
{
	/*
	 * A page that a truncation has taken out of its object meanwhile goes from here too, soon:
	 * this write came before it. (Files that are written back will have a limit here.)
	 */
	page_set_dirty(pfn_to_page(entry_pfn(fault->entry)));
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
		arch_mmu_fence_local(fault->va);
		fault_count(fault, FAULT_SPURIOUS);
		return 0;
	case FAULT_REMAP:
		return grant_remap(fault);
	default:
		panic("fault: %s is not done in place", fault_kind_name(fault->kind));
	}
}
