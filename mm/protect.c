/* mprotect: VMAs get the rights asked for; entries only lose, and get rights back by faults. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/debt.h"
#include "mm/host.h"
#include "mm/lock.h"
#include "mm/unmap.h"
#include "mm/verbs.h"

/* Leaf tables that one piece may go through. */
#define PROTECT_LEAVES 1

struct lessening {
	struct space *space;
	unsigned rights;
	unsigned leaves;
	vaddr_t resume;
	struct mmu_flush flush;
};

/* Takes rights from one entry, keeping what the hardware sets in it meanwhile. */
static void lessen_entry(struct lessening *lessening, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry old, new;

	do {
		old = entry_load(slot);
		if (!(entry_rights(old) & ~lessening->rights))
			return;
		new = entry_with(old, entry_rights(old) & lessening->rights, entry_flags(old));
	} while (!entry_cas(slot, old, new));
	debt_owe(lessening->space, va, old, new);
	if (entry_lessens(old, new))
		mmu_flush_add(&lessening->flush, va);
}

static int lessen_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct lessening *lessening = arg;

	if (lessening->leaves == PROTECT_LEAVES) {
		lessening->resume = leaf->va;
		return 1;
	}
	lessening->leaves++;
	for (slot = entry_next_used(leaf->entries, end); slot < end;
	     slot = entry_next_used(slot + 1, end))
		lessen_entry(lessening, mmu_leaf_va(leaf, slot), slot);
	return 0;
}

/* One piece. => space lock held; where it stopped */
static vaddr_t lessen_piece(struct lessening *lessening, vaddr_t start, vaddr_t end)
{
	lessening->leaves = 0;
	lessening->resume = end;
	lessening->flush.count = 0;
	lessening->flush.all = lessening->flush.tables = lessening->flush.text = false;
	(void)arch_mmu_visit(&lessening->space->mmu, start, end, lessen_leaf, lessening);
	space_fence(lessening->space, &lessening->flush);
	debt_assert_none(lessening->space);
	return lessening->resume;
}

/* Takes all but `rights` from the entries of a range whose VMAs have no more. Goes on if killed. */
static void lessen(struct space *space, vaddr_t start, vaddr_t end, unsigned rights)
{
	struct lessening lessening;

	lessening.space = space;
	lessening.rights = rights;
	for (;;) {
		spin_lock(&space->lock);
		start = lessen_piece(&lessening, start, end);
		spin_unlock(&space->lock);
		if (start >= end)
			return;
		(void)vm_pause();
	}
}

/*
 * May this VMA's part of the range get the rights? As Linux: the limit counts only where it was
 * kept before.
 */
static int protect_check(const struct vma *vma, size_t bytes, unsigned rights)
{
	const struct space *space = vma->space;

	if (rights & ~vma->max_rights)
		return -EACCES;
	if (!vma_is_data(rights, vma->flags) || vma_is_data(vma->rights, vma->flags))
		return 0;
	if (!space_may_expand(space, rights, vma->flags, bytes) &&
	    space_may_expand(space, vma->rights, vma->flags, bytes))
		return -ENOMEM;
	return 0;
}

/* Locked memory gets pages of its own as soon as it may be written, as on Linux: not shared memory, which has them. */
static bool owes_pages(const struct vma *vma, unsigned rights)
{
	return (vma->flags & VMA_LOCKED) && (rights & ~vma->rights & RIGHT_WRITE) &&
	       !vma_is_shared(vma);
}

/* The VMA at `start`, as far as it reaches into [start, end). *reached: where it stops. */
static int protect_one(struct space *space, vaddr_t start, vaddr_t end, unsigned rights,
		       vaddr_t *reached)
{
	struct list dead = LIST_INIT(dead);
	struct vma *vma = vma_find(space, start);
	vaddr_t touched_start, touched_end;
	struct split_room room;
	unsigned lost;
	bool fill;
	int result;

	if (!vma)
		return -ENOMEM;
	end = MIN(end, vma->end);
	*reached = end;
	lost = vma->rights & ~rights;
	fill = owes_pages(vma, rights);
	result = protect_check(vma, end - start, rights);
	if (result || vma->rights == rights)
		return result;
	result = split_room_get(space, start, end, &room);
	if (result)
		return result;
	spin_lock(&space->lock);
	vma = split_edges(space, start, end, &room);
	touched_start = MAX(start, vma->touched_start);
	touched_end = MIN(end, vma->touched_end);
	vma_set_rights(vma, rights);
	vma_merge(vma, &dead);
	spin_unlock(&space->lock);
	vma_free_dead(&dead);
	split_room_put(&room);
	if (lost && touched_start < touched_end)
		lessen(space, touched_start, touched_end, rights);
	if (fill)
		(void)lock_populate(space, start, end); /* what can't be filled is left */
	return 0;
}

static int protect_range(struct space *space, vaddr_t start, vaddr_t end, unsigned rights)
{
	for (;;) {
		int result = protect_one(space, start, end, rights, &start);

		if (result || start >= end)
			return result;
		(void)vm_pause();
	}
}

/*
 * PROT_GROWSDOWN: the range begins where the stack does that it reaches into. 0, or as Linux:
 * nothing grows up.
 */
static int stack_start(struct space *space, vaddr_t *start, vaddr_t end, unsigned rights)
{
	struct vma *vma = vma_find_next(space, *start);

	if (!vma || vma->start >= (rights & PROT_GROWSUP ? *start + 1 : end))
		return -ENOMEM;
	if (!(vma->flags & VMA_STACK) || (rights & PROT_GROWSUP))
		return -EINVAL;
	*start = vma->start;
	return 0;
}

/* Settles the range and makes it busy: no stack grows into it from now on. */
static int protect_begin(struct space *space, vaddr_t *start, vaddr_t end, unsigned rights)
{
	int result = 0;

	spin_lock(&space->lock);
	if (rights & (PROT_GROWSDOWN | PROT_GROWSUP))
		result = stack_start(space, start, end, rights);
	if (!result)
		space_busy_locked(space, *start, end);
	spin_unlock(&space->lock);
	return result;
}

int vm_protect(struct space *space, vaddr_t addr, size_t len, unsigned rights)
{
	const unsigned grows = PROT_GROWSDOWN | PROT_GROWSUP;
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	if (!IS_ALIGNED(addr, PAGE_SIZE) || (rights & grows) == grows)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	if (rights & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | grows))
		return -EINVAL;
	result = protect_begin(space, &addr, end, rights);
	if (result)
		return result;
	result = protect_range(space, addr, end, rights_complete(rights));
	space_idle(space);
	return result;
}
