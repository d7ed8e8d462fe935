/* SPDX-License-Identifier: MIT */
/* mprotect: VMAs get the permissions asked for; entries lose at once, and gain by faults unless few. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/install.h"
#include "mm/verbs.h"
#include "mm/verbs/mlock.h"
#include "mm/verbs/unmap.h"

/* Leaf tables that one piece may go through. */
#define PROTECT_LEAVES 1

struct lessening {
	struct space *space;
	unsigned prot;
	unsigned leaves;
	vaddr_t resume;
	struct mmu_flush flush;
};

/* Takes permissions from one entry, keeping what the hardware sets in it meanwhile. */
static void lessen_entry(struct lessening *lessening, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry old, new;

	do {
		old = entry_load(slot);
		if (!(entry_prot(old) & ~lessening->prot))
			return;
		new = entry_with(old, entry_prot(old) & lessening->prot, entry_flags(old));
	} while (!entry_cas(slot, old, new));
	debt_owe(lessening->space, va, old, new);
	if (entry_downgrades(old, new))
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

/* Takes all but `permissions` from the entries of a range whose VMAs have no more. Goes on if killed. */
__attribute__((noinline)) static void lessen(struct space *space, vaddr_t start, vaddr_t end,
					     unsigned prot)
{
	struct lessening lessening;

	lessening.space = space;
	lessening.prot = prot;
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
 * May this VMA's part of the range get the permissions? As Linux: the limit counts only where it was
 * kept before.
 */
static inline int protect_check(const struct vma *vma, size_t bytes, unsigned prot)
{
	const struct space *space = vma->space;

	if (prot & ~vma->max_prot)
		return -EACCES;
	if (!vma_is_data(prot, vma->flags) || vma_is_data(vma->prot, vma->flags))
		return 0;
	if (!space_may_expand(space, prot, vma->flags, bytes) &&
	    space_may_expand(space, vma->prot, vma->flags, bytes))
		return -ENOMEM;
	return 0;
}

/* Locked memory gets pages of its own as soon as it may be written, as on Linux: not shared memory, which has them. */
static bool owes_pages(const struct vma *vma, unsigned prot)
{
	return (vma->flags & VMA_LOCKED) && (prot & ~vma->prot & VM_PROT_WRITE) &&
	       !vma_is_shared(vma);
}

/* A part of a VMA that gets other permissions; what of them it loses, and where it was touched. */
struct part {
	vaddr_t start, end;
	unsigned prot, lost;
	vaddr_t touched_start, touched_end;
};

/* => space lock held until the permissions are changed */
static inline void part_note(struct part *part, const struct vma *vma)
{
	part->lost = vma->prot & ~part->prot;
	part->touched_start = MAX(part->start, vma->touched_start);
	part->touched_end = MIN(part->end, vma->touched_end);
}

/* Entries follow their VMA, `vma` by now: at once where it has only gained permissions. => space lock held */
static inline void part_gained(const struct part *part, const struct vma *vma)
{
	if (!part->lost)
		install_gained(vma, part->touched_start, part->touched_end);
}

/* ...and afterwards where it has lost some. => no spinning lock held */
static inline void part_lost(const struct part *part, struct space *space)
{
	if (part->lost && part->touched_start < part->touched_end)
		lessen(space, part->touched_start, part->touched_end, part->prot);
}

/* It is a whole VMA, and is joined with its neighbours where they are alike. => space lock held */
static void part_change(struct part *part, struct vma *vma, struct list *dead)
{
	part_note(part, vma);
	vma_set_prot(vma, part->prot);
	part_gained(part, vma_merge(vma, dead));
}

/* It becomes part of a neighbour that is there. False: it does not. => space lock held */
static inline __attribute__((always_inline)) bool part_yield(struct part *part, struct vma *vma)
{
	part_note(part, vma);
	vma = vma_yield(vma, part->start, part->end, part->prot, vma->flags);
	if (vma)
		part_gained(part, vma);
	return vma;
}

/* It becomes a VMA of its own. */
static int part_split(struct part *part, struct vma *vma)
{
	struct list dead = LIST_INIT(dead);
	struct space *space = vma->space;
	struct split_room room;
	int result = split_room_within(vma, part->start, part->end, &room);

	if (result)
		return result;
	spin_lock(&space->lock);
	part_change(part, split_within(vma, part->start, part->end, &room), &dead);
	spin_unlock(&space->lock);
	vma_free_dead(&dead);
	return 0;
}

/* A neighbour takes it, so that there is no VMA more; else it becomes one of its own. */
static int part_protect(struct part *part, struct vma *vma)
{
	struct space *space = vma->space;
	bool yielded = false;
	int result = 0;

	if (vma_ends_with(vma, part->start, part->end)) {
		spin_lock(&space->lock);
		yielded = part_yield(part, vma);
		spin_unlock(&space->lock);
	}
	if (!yielded)
		result = part_split(part, vma);
	if (!result)
		part_lost(part, space);
	return result;
}

/*
 * Does what takes no more VMAs than there are. False: it does take some, or several are concerned,
 * or it is to be refused. => space lock held
 */
static inline bool part_at_once(struct part *part, struct space *space, struct list *dead)
{
	struct vma *vma = vma_find(space, part->start);
	bool low = vma && vma->start < part->start;

	if (!vma || vma->end < part->end || (low && vma->end > part->end) ||
	    vma->prot == part->prot || owes_pages(vma, part->prot) ||
	    protect_check(vma, part->end - part->start, part->prot))
		return false;
	if (low || vma->end > part->end)
		return part_yield(part, vma);
	part_change(part, vma, dead);
	return true;
}

/* The VMA at `start`, as far as it reaches into [start, end). *reached: where it stops. */
static int protect_one(struct space *space, vaddr_t start, vaddr_t end, unsigned prot,
		       vaddr_t *reached)
{
	struct vma *vma = vma_find(space, start);
	struct part part = { .start = start, .prot = prot };
	bool fill;
	int result;

	if (!vma)
		return -ENOMEM;
	*reached = part.end = MIN(end, vma->end);
	fill = owes_pages(vma, prot);
	result = protect_check(vma, part.end - start, prot);
	if (result || vma->prot == prot)
		return result;
	result = part_protect(&part, vma);
	if (!result && fill)
		(void)lock_populate(space, start, part.end); /* what can't be filled is left */
	return result;
}

__attribute__((noinline)) static int protect_range(struct space *space, vaddr_t start, vaddr_t end,
						   unsigned prot)
{
	for (;;) {
		int result = protect_one(space, start, end, prot, &start);

		if (result || start >= end)
			return result;
		(void)vm_pause();
	}
}

/*
 * PROT_GROWSDOWN: the range begins where the stack does that it reaches into. 0, or as Linux:
 * nothing grows up.
 */
static int stack_start(struct space *space, vaddr_t *start, vaddr_t end, unsigned prot)
{
	struct vma *vma = vma_find_next(space, *start);

	if (!vma || vma->start >= (prot & PROT_GROWSUP ? *start + 1 : end))
		return -ENOMEM;
	if (prot & PROT_GROWSUP)
		return vma->start > *start ? -ENOMEM : -EINVAL; /* nothing grows up */
	if (!(vma->flags & VMA_STACK))
		return -EINVAL;
	*start = vma->start;
	return 0;
}

#define PROTECT_DONE 1

/*
 * Settles the range, and makes it busy: no stack grows into it from now on. PROTECT_DONE: the VMAs
 * are changed, there was little to it.
 */
static int protect_begin(struct space *space, struct part *part, unsigned prot, struct list *dead)
{
	int result = 0;

	spin_lock(&space->lock);
	if (unlikely(prot & (PROT_GROWSDOWN | PROT_GROWSUP)))
		result = stack_start(space, &part->start, part->end, prot);
	if (!result && part_at_once(part, space, dead))
		result = PROTECT_DONE;
	else if (!result)
		space_busy_locked(space, part->start, part->end);
	spin_unlock(&space->lock);
	return result;
}

int vm_protect(struct space *space, vaddr_t addr, size_t len, unsigned prot)
{
	const unsigned grows = PROT_GROWSDOWN | PROT_GROWSUP;
	struct part part = { .start = addr, .end = addr + ALIGN_UP(len, PAGE_SIZE) };
	struct list dead = LIST_INIT(dead);
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	if (!IS_ALIGNED(addr, PAGE_SIZE) || (prot & grows) == grows)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (part.end <= addr)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | grows))
		return -EINVAL;
	part.prot = prot_complete(prot);
	result = protect_begin(space, &part, prot, &dead);
	if (result == PROTECT_DONE) {
		vma_free_dead(&dead);
		part_lost(&part, space);
		return 0;
	}
	if (result)
		return result;
	result = protect_range(space, part.start, part.end, part.prot);
	space_idle(space);
	return result;
}
