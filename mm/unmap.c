/* munmap: takes mappings away. */
#include "mm/unmap.h"

#include "abi/errno.h"
#include "mm/debt.h"
#include "mm/gather.h"
#include "mm/host.h"
#include "mm/verbs.h"

/* VMAs that one piece may remove. */
#define UNMAP_VMAS 16

/*
 * Clears entries of the first VMA of [start, end), and cuts or removes it so far, so that there is
 * never an entry outside a VMA. => space lock held; true: something is left to do
 */
static bool unmap_first(struct gather *gather, vaddr_t start, vaddr_t end, struct list *dead)
{
	struct vma *vma = vma_find_next(gather->space, start);
	struct vma *prev, *next;
	vaddr_t reached;
	bool whole;

	if (!vma || vma->start >= end)
		return false;
	assert_hardened(vma->start >= start && vma->end <= end);
	prev = vma_prev(vma);
	next = vma_next(vma);
	reached = gather_zap(gather, vma, vma->start, vma->end);
	whole = reached == vma->end;
	if (whole) {
		vma_remove(vma, dead);
		reached = next ? next->start : USER_TOP;
	} else {
		vma_set_start(vma, reached);
	}
	gather_prune(gather, prev ? prev->end : USER_BASE, reached);
	return !whole || (next && next->start < end);
}

/* => space lock held; true: something is left to do */
static bool unmap_piece(struct gather *gather, vaddr_t start, vaddr_t end, struct list *dead)
{
	unsigned vmas = 0;
	bool more;

	do
		more = unmap_first(gather, start, end, dead);
	while (more && !gather_full(gather) && ++vmas < UNMAP_VMAS);
	gather_fence(gather);
	return more;
}

void unmap_pieces(struct space *space, vaddr_t start, vaddr_t end)
{
	struct list dead = LIST_INIT(dead);
	struct gather gather;

	for (;;) {
		bool more;

		gather_init(&gather, space);
		spin_lock(&space->lock);
		more = unmap_piece(&gather, start, end, &dead);
		debt_assert_none(space);
		spin_unlock(&space->lock);
		gather_free(&gather);
		vma_free_dead(&dead);
		if (!more)
			return;
		(void)vm_pause();
	}
}

/*
 * Cuts the upper end off a VMA where nobody ever touched it: it has no entries there, and needs no
 * second VMA. => false: it is not such a range, nothing was done
 */
static bool cut_untouched_end(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *vma;
	bool cut;

	spin_lock(&space->lock);
	vma = vma_find(space, start);
	cut = vma && vma->start < start && vma->end == end && vma->touched_end <= start;
	if (cut)
		vma_set_end(vma, start);
	spin_unlock(&space->lock);
	return cut;
}

int unmap_range(struct space *space, vaddr_t start, vaddr_t end)
{
	struct split_room room;
	int result;

	if (cut_untouched_end(space, start, end))
		return 0;
	result = split_room_get(space, start, end, &room);
	if (result)
		return result;
	spin_lock(&space->lock);
	(void)split_edges(space, start, end, &room);
	spin_unlock(&space->lock);
	unmap_pieces(space, start, end);
	return 0;
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
