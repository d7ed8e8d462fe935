/* SPDX-License-Identifier: MIT */
/* Splits VMAs, changes a part of one, and merges neighbours that are alike. */
#include "mm/space/vma_modify.h"

#include "abi/errno.h"
#include "mm/fault/userfault.h"
#include "mm/space/commit.h"
#include "mm/space/large_entry.h"

/* ---- merge ---- */

/* Could `a` and `b`, right above it, be one VMA if they had the same prot and flags? */
static inline bool vma_resembles(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->backend != b->backend || a->object != b->object)
		return false;
	if (a->max_prot != b->max_prot || a->file_end != b->file_end ||
	    a->truncation != b->truncation)
		return false;
	return !a->object || b->offset == a->offset + (b->start - a->start);
}

/* Are they to be one VMA? */
static bool vma_continues(const struct vma *a, const struct vma *b)
{
	return a->prot == b->prot && a->flags == b->flags && vma_resembles(a, b) &&
	       !(a->object && a->object->ops->counts_maps);
}

struct vma *vma_merge(struct vma *vma, struct list *dead)
{
	struct vma *prev = vma_prev(vma);
	struct vma *next;

	if (prev && vma_continues(prev, vma)) {
		vma_join(prev, vma, dead);
		vma = prev;
	}
	next = vma_next(vma);
	if (next && vma_continues(vma, next))
		vma_join(vma, next, dead);
	return vma;
}

bool vma_place(struct space *space, struct vma *vma, struct list *dead)
{
	struct vma *above = vma_find_next(space, vma->start);
	struct vma *below = above ? vma_prev(above) : vma_last(space);

	if (below && vma_continues(below, vma)) {
		vma_set_end(below, vma->end);
		vma_merge(below, dead);
		return false;
	}
	if (above && vma_continues(vma, above)) {
		vma_set_start(above, vma->start);
		return false;
	}
	vma_insert_between(space, vma, below, above);
	return true;
}

/* ---- split ---- */

int vma_split_edges(struct space *space, vaddr_t start, vaddr_t end, bool frees)
{
	struct vma *first = vma_find(space, start);
	struct vma *last = first && end <= first->end ? first : vma_find(space, end);
	bool low = first && first->start < start;
	bool high = last && last->start < end && end < last->end;
	struct vma *low_spare = NULL, *high_spare = NULL;
	int result;
	unsigned more = frees ? low && high && first == last : low + high;

	if (!low && !high)
		return 0;
	if (more && space->nvmas + more > VMA_COUNT_MAX)
		return -ENOMEM;
	if (low) {
		low_spare = vma_alloc_spare(frees);
		if (!low_spare)
			return -ENOMEM;
	}
	if (high) {
		high_spare = vma_alloc_spare(frees);
		if (!high_spare) {
			vma_free(low_spare);
			return -ENOMEM;
		}
	}
	space_lock(space);
	result = large_split_edges(space, start, end, frees ? PAGE_RESERVE : PAGE_NORMAL);
	if (likely(!result)) {
		if (high)
			vma_split(last, end, high_spare);
		if (low)
			vma_split(first, start, low_spare);
	}
	space_unlock(space);
	if (unlikely(result)) {
		vma_free(low_spare);
		vma_free(high_spare);
	}
	return result;
}

/* ---- change ---- */

/* Extends the touched range of `to` by the part of that of `from` that lies in [start, end). */
static void vma_pass_touched(const struct vma *from, struct vma *to, vaddr_t start, vaddr_t end)
{
	start = MAX(start, from->touched_start);
	end = MIN(end, from->touched_end);
	if (start >= end)
		return;
	to->touched_start = MIN(to->touched_start, start);
	to->touched_end = MAX(to->touched_end, end);
	to->has_private |= from->has_private;
}

/* So many bytes get other flags; where they wrap, the other way. */
static void count_change(struct space *space, unsigned before, unsigned after, size_t bytes)
{
	if ((before ^ after) & VMA_ACCOUNT)
		space_count_committed(space, after & VMA_ACCOUNT ? bytes : -bytes);
	if ((before ^ after) & VMA_LOCKED)
		space->locked_bytes += after & VMA_LOCKED ? bytes : -bytes;
}

/*
 * Moves the border between two VMAs that touch. They touch afterwards too, so that the gaps in the
 * tree stay as they are.
 */
static inline void vma_move_border(struct vma *below, struct vma *above, vaddr_t at)
{
	struct space *space = below->space;
	bool up = at > below->end;

	assert_hardened(spin_lock_held(&space->lock));
	assert_hardened(below->end == above->start);
	assert_hardened(below->start < at && at < above->end);
	space_count_kind(space, below->prot, below->flags, at - below->end);
	space_count_kind(space, above->prot, above->flags, above->start - at);
	if (unlikely((below->flags ^ above->flags) & (VMA_ACCOUNT | VMA_LOCKED)))
		count_change(space, above->flags, below->flags, at - below->end);
	if (above->object)
		above->offset += at - above->start;
	if (up)
		vma_pass_touched(above, below, below->end, at);
	else
		vma_pass_touched(below, above, at, below->end);
	below->end = at;
	above->start = at;
	vma_clip_touched(up ? above : below);
	space->layout++;
}

/*
 * Moves the border so that [start, end), one end of `vma`, becomes part of the neighbour there, if
 * that has the prot and the flags already. Returns the neighbour, or NULL with nothing changed. (A
 * program that unprotects its pages one by one would otherwise pay for a split and a merge each
 * time.) Kept: bench row segv_unprotect.
 */
static struct vma *vma_give_end(struct vma *vma, vaddr_t start, vaddr_t end, unsigned prot,
				unsigned flags)
{
	bool down = start == vma->start;
	struct vma *to = down ? vma_prev(vma) : vma_next(vma);
	struct vma *below = down ? to : vma, *above = down ? vma : to;

	if (!to || to->prot != prot || to->flags != flags || !vma_resembles(below, above))
		return NULL;
	vma_move_border(below, above, down ? end : start);
	return to;
}

/* Makes [start, end) a VMA of its own. The space's lock is released while it allocates. */
static int vma_isolate(struct vma **vma, vaddr_t start, vaddr_t end)
{
	struct space *space = (*vma)->space;
	int result;

	space_unlock(space);
	result = vma_split_edges(space, start, end, false);
	space_lock(space);
	if (!result)
		*vma = vma_find(space, start);
	return result;
}

int vma_modify(struct vma **vma_ret, vaddr_t start, vaddr_t end, unsigned prot, unsigned flags,
	       struct list *dead)
{
	struct vma *vma = *vma_ret;
	bool low = vma->start < start, high = end < vma->end;

	assert_hardened(spin_lock_held(&vma->space->lock));
	assert_hardened(vma->start <= start && end <= vma->end);
	if (low != high) {
		struct vma *neighbour;
		int result = large_split_edges(vma->space, start, end, PAGE_NORMAL);

		if (result)
			return result;
		neighbour = vma_give_end(vma, start, end, prot, flags);

		if (neighbour) {
			*vma_ret = neighbour;
			return 0;
		}
	}
	if (low || high) {
		int result = vma_isolate(&vma, start, end);

		if (result)
			return result;
	}
	if (unlikely((vma->flags ^ flags) & (VMA_ACCOUNT | VMA_LOCKED)))
		count_change(vma->space, vma->flags, flags, end - start);
	vma->flags = flags;
	vma_set_prot(vma, prot);
	*vma_ret = vma_merge(vma, dead);
	return 0;
}

int vma_modify_flags(struct vma *vma, vaddr_t start, vaddr_t end, unsigned flags)
{
	struct space *space = vma->space;
	struct list dead = LIST_INIT(dead);
	int result;

	if (vma->flags == flags)
		return 0;
	space_lock(space);
	space_busy_locked(space, start, end);
	result = vma_modify(&vma, start, end, vma->prot, flags, &dead);
	space_unlock_idle(space);
	vma_free_dead(&dead);
	return result;
}

int vma_modify_userfault(struct vma *vma, vaddr_t start, vaddr_t end, struct userfault *userfault,
			 unsigned modes)
{
	struct space *space = vma->space;
	struct userfault *before = vma->flags & VMA_USERFAULT ? vma->userfault : NULL;
	struct list dead = LIST_INIT(dead);
	int result;

	if (before == userfault && (vma->flags & modes) == modes)
		return 0;
	result = vma_split_edges(space, start, end, false);
	if (result)
		return result;
	space_lock(space);
	space_busy_locked(space, start, end);
	vma = vma_find(space, start);
	vma_not_registered(vma);
	if (userfault) {
		vma->userfault = userfault;
		vma->flags |= modes;
		if (modes & (VMA_UF_MISSING | VMA_UF_MINOR))
			vma->backend = &vma_userfault;
	}
	space->layout++;
	vma_merge(vma, &dead);
	space_unlock_idle(space);
	vma_free_dead(&dead);
	if (before)
		userfault_wake(before, start, end);
	return 0;
}
