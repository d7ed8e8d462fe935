/* SPDX-License-Identifier: MIT */
/* munmap and shmdt: remove mappings. */
#include "mm/verbs/unmap.h"

#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/userfault_event.h"
#include "mm/host.h"
#include "mm/object/object.h"
#include "mm/space/tlb_gather.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs.h"
#include "mm/verbs/seal.h"

/* VMAs that one piece may remove. */
#define UNMAP_VMAS 16

/* Unlinks the page tables that the hole that ends at `reached` does not need any more. */
static void prune_hole(struct gather *gather, vaddr_t start, vaddr_t reached)
{
	struct vma *below = vma_last_below(gather->space, start);

	gather_prune(gather, below ? below->end : USER_BASE, reached);
}

/*
 * Clears entries of the VMAs of [start, end), and shrinks or removes each VMA, so that no entry is ever outside a VMA. Returns
 * true if something is left to do. The caller holds the space's lock.
 */
static bool unmap_piece(struct gather *gather, vaddr_t start, vaddr_t end, struct list *dead)
{
	struct vma *vma = vma_find_next(gather->space, start), *next;
	bool more = vma && vma->start < end;
	vaddr_t reached = start;
	unsigned vmas = 0;

	space_note_peak(gather->space);
	for (; more; vma = next) {
		assert_hardened(vma->start >= start && vma->end <= end);
		reached = gather_zap(gather, vma, vma->start, vma->end);
		if (reached < vma->end) {
			vma_set_start(vma, reached);
			break;
		}
		next = vma_next(vma);
		reached = next ? next->start : USER_TOP;
		vma_remove(vma, dead);
		more = next && reached < end;
		if (gather_full(gather) || ++vmas == UNMAP_VMAS)
			break;
		gather_narrow(gather);
	}
	if (gather->leaves &&
	    (more || !gather->space->ending)) /* else arch_mmu_destroy() does it */
		prune_hole(gather, start, reached);
	gather_fence(gather);
	return more;
}

void unmap_pieces(struct space *space, vaddr_t start, vaddr_t end)
{
	struct list dead = LIST_INIT(dead);
	struct gather gather;

	gather_init(&gather, space);
	gather_widen(&gather, end - start);
	/* It runs nowhere: the fence is a mark, and takes no addresses. */
	gather.flush.all = space->ending;
	for (;;) {
		bool more;

		space_lock(space);
		more = unmap_piece(&gather, start, end, &dead);
		debt_assert_none(space);
		space_unlock(space);
		gather_free(&gather);
		vma_free_dead(&dead);
		if (!more)
			break;
		gather_again(&gather);
		(void)vm_pause();
	}
	gather_end(&gather);
}

/*
 * Unmaps [start, end) at once if it is the upper end of a VMA and was never touched: then it has no
 * entries, and no split is needed. Returns false, with nothing changed, if it is not such a range.
 */
static bool cut_untouched_end(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find(space, start);
	bool untouched;

	if (!vma || vma->start >= start || vma->end != end)
		return false;
	space_lock(space);
	untouched = vma->touched_end <= start;
	if (untouched) {
		space_note_peak(space);
		vma_set_end(vma, start);
	}
	space_unlock(space);
	return untouched;
}

int unmap_range(struct space *space, vaddr_t start, vaddr_t end)
{
	int result;

	if (seal_forbids_unmap(space, start, end))
		return -EPERM;
	if (unlikely(space->ever_registered)) {
		result = userfault_begin_unmap(space, start, end);
		if (result)
			return result;
	}
	if (cut_untouched_end(space, start, end))
		return 0;
	result = vma_split_edges(space, start, end, true);
	if (!result)
		unmap_pieces(space, start, end);
	return result;
}

int vm_unmap(struct space *space, vaddr_t addr, size_t len)
{
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	if (!IS_ALIGNED(addr, PAGE_SIZE) || addr > USER_TOP || len > USER_TOP - addr || len == 0)
		return -EINVAL;
	len = ALIGN_UP(len, PAGE_SIZE);
	space_busy(space, addr, addr + len);
	result = unmap_range(space, addr, addr + len);
	space_note_unmap(space, addr, addr + len, false);
	space_idle(space);
	return result;
}
