/* SPDX-License-Identifier: MIT */
/* mprotect: changes the permissions of VMAs and of their entries. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/install.h"
#include "mm/host.h"
#include "mm/space/commit.h"
#include "mm/space/tlb_gather.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs.h"
#include "mm/verbs/mlock.h"

/*
 * A permission that a VMA loses is taken from its entries at once. A permission that it gains is
 * given to few entries at once (install_gained()); the others get it by faults, as they are used.
 */

/* Leaf tables that one piece may go through. */
#define PROTECT_LEAVES 1

struct protect {
	struct space *space;
	vaddr_t start, end; /* the rest of the range */
	unsigned prot;
	struct list *dead; /* VMAs that were merged away */
};

/* A fatal signal does not stop a verb that has begun to change things. */
static void pause_unlocked(struct space *space)
{
	space_unlock(space);
	(void)vm_pause();
	space_lock(space);
}

/*
 * Takes all permissions but `prot` from the entries of a range of a VMA, which has lost them
 * already. The caller holds the space's lock, which is released between pieces; it holds the mmap
 * lock too, so that the VMA stays.
 */
static void downgrade(const struct vma *vma, vaddr_t start, vaddr_t end, unsigned prot)
{
	struct space *space = vma->space;
	struct gather gather;

	gather_init(&gather, space);
	for (;;) {
		gather.leaves = GATHER_LEAVES - PROTECT_LEAVES;
		start = gather_downgrade(&gather, vma, start, end, prot);
		gather_fence(&gather);
		debt_assert_none(space);
		if (start >= end)
			return;
		pause_unlocked(space);
	}
}

/*
 * May this VMA's part of the range get the permissions? As on Linux, LIMIT_DATA refuses only what
 * was below the limit before.
 */
static int protect_check(const struct vma *vma, size_t bytes, unsigned prot)
{
	const struct space *space = vma->space;

	if ((prot & ~vma->max_prot) || space_denies_exec(space, vma->prot, prot))
		return -EACCES;
	if (vma->flags & VMA_SEALED)
		return -EPERM;
	if (!vma_is_data(prot, vma->flags) || vma_is_data(vma->prot, vma->flags))
		return 0;
	if (!space_may_expand(space, prot, vma->flags, bytes) &&
	    space_may_expand(space, vma->prot, vma->flags, bytes))
		return -ENOMEM;
	return 0;
}

/*
 * Private memory that becomes writable counts as committed from now on. Adds to *flags, the VMA's,
 * what says so. The caller holds the space's lock.
 */
static int protect_commit(struct space *space, size_t bytes, unsigned prot, unsigned *flags)
{
	unsigned fresh = commit_flag(prot, *flags) & ~*flags;

	if (!space_may_commit(space, fresh, bytes))
		return -ENOMEM;
	*flags |= fresh;
	return 0;
}

/*
 * As on Linux, private locked memory gets pages of its own as soon as it becomes writable. (Shared
 * memory has its pages already.)
 */
static bool must_populate(const struct vma *vma, unsigned prot)
{
	return (vma->flags & VMA_LOCKED) && (prot & ~vma->prot & VM_PROT_WRITE) &&
	       !vma_is_shared(vma);
}

/* Fills what it can. The caller holds the space's lock, which is released meanwhile. */
static void populate_unlocked(struct space *space, vaddr_t start, vaddr_t end)
{
	space_unlock(space);
	(void)lock_populate(space, start, end);
	space_lock(space);
}

/* Changes the VMA at the start of the rest of the range, and moves that start to its end. */
static int protect_one(struct protect *protect)
{
	struct space *space = protect->space;
	vaddr_t start = protect->start, end, from, to;
	unsigned prot = protect->prot, flags, lost;
	struct vma *vma = vma_find(space, start);
	bool populate;
	int result;

	if (!vma)
		return -ENOMEM;
	protect->start = end = MIN(protect->end, vma->end);
	result = protect_check(vma, end - start, prot);
	if (result || vma->prot == prot)
		return result;
	flags = vma->flags;
	if (commit_is_strict()) {
		result = protect_commit(space, end - start, prot, &flags);
		if (result)
			return result;
	}
	lost = vma->prot & ~prot;
	populate = must_populate(vma, prot);
	result = vma_modify(&vma, start, end, prot, flags, protect->dead);
	if (result)
		return result;
	from = MAX(start, vma->touched_start);
	to = MIN(end, vma->touched_end);
	if (!lost)
		install_gained(vma, from, to);
	else if (from < to)
		downgrade(vma, from, to, prot);
	if (unlikely(populate))
		populate_unlocked(space, start, end);
	return 0;
}

/* As on Linux, a hole ends it with -ENOMEM, and what lies below the hole has changed. */
static int protect_range(struct protect *protect)
{
	for (;;) {
		int result = protect_one(protect);

		if (result || likely(protect->start >= protect->end))
			return result;
		pause_unlocked(protect->space);
	}
}

/*
 * PROT_GROWSDOWN extends the range down to the start of the stack that it reaches into.
 * PROT_GROWSUP is refused as on Linux, because nothing grows up.
 */
static int stack_start(struct protect *protect, bool up)
{
	struct vma *vma = vma_find_next(protect->space, protect->start);

	if (!vma || vma->start >= (up ? protect->start + 1 : protect->end))
		return -ENOMEM;
	if (up)
		return vma->start > protect->start ? -ENOMEM : -EINVAL;
	if (!(vma->flags & VMA_STACK))
		return -EINVAL;
	protect->start = vma->start;
	return 0;
}

int vm_protect(struct space *space, vaddr_t addr, size_t len, unsigned prot)
{
	const unsigned grows = PROT_GROWSDOWN | PROT_GROWSUP;
	struct list dead = LIST_INIT(dead);
	struct protect protect = { .space = space,
				   .start = addr,
				   .end = addr + ALIGN_UP(len, PAGE_SIZE),
				   .prot = prot_complete(prot),
				   .dead = &dead };
	int result = 0;

	assert_hardened(mm_host.mmap_locked(space));
	if (!IS_ALIGNED(addr, PAGE_SIZE) || (prot & grows) == grows)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (protect.end <= addr)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | grows))
		return -EINVAL;
	space_lock(space);
	if (unlikely(prot & grows))
		result = stack_start(&protect, prot & PROT_GROWSUP);
	if (!result) {
		space_busy_locked(space, protect.start, protect.end);
		result = protect_range(&protect);
	}
	space_unlock_idle(space);
	vma_free_dead(&dead);
	return result;
}
