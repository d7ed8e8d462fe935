/* SPDX-License-Identifier: MIT */
/* Joins neighbours that are alike, and moves the border between those that differ. */
#include "mm/space.h"
#include "mm/vma.h"

/* Would `b`, right above `a`, be its continuation if it had the same permissions and flags? */
static inline bool vma_resembles(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->backend != b->backend || a->object != b->object)
		return false;
	if (a->max_prot != b->max_prot || a->file_end != b->file_end ||
	    a->truncation != b->truncation)
		return false;
	return !a->object || b->offset == a->offset + (b->start - a->start);
}

/* Is `b`, right above `a`, its continuation? */
static bool vma_continues(const struct vma *a, const struct vma *b)
{
	return a->prot == b->prot && a->flags == b->flags && vma_resembles(a, b);
}

/* `to` gets [start, end) of `from`: what was touched in it goes along. */
static void vma_pass_touched(const struct vma *from, struct vma *to, vaddr_t start, vaddr_t end)
{
	start = MAX(start, from->touched_start);
	end = MIN(end, from->touched_end);
	if (start >= end)
		return;
	to->touched_start = MIN(to->touched_start, start);
	to->touched_end = MAX(to->touched_end, end);
}

/*
 * Moves the border between neighbours that touch, as vma_resembles() has found. (There is no gap
 * between them, before and after: the tree stays as it is.)
 */
static void vma_set_border(struct vma *below, struct vma *above, vaddr_t at)
{
	bool up = at > below->end;

	assert_hardened(spin_lock_held(&below->space->lock));
	assert_hardened(below->start < at && at < above->end);
	if (vma_is_data(below->prot, below->flags))
		below->space->data_bytes += at - below->end;
	if (vma_is_data(above->prot, above->flags))
		below->space->data_bytes -= at - above->start;
	if (above->object)
		above->offset += at - above->start;
	if (up)
		vma_pass_touched(above, below, below->end, at);
	else
		vma_pass_touched(below, above, at, below->end);
	below->end = at;
	above->start = at;
	vma_clip_touched(up ? above : below);
	below->space->layout++;
}

static struct vma *yield_below(struct vma *vma, vaddr_t end, unsigned prot, unsigned flags)
{
	struct vma *to = vma_prev(vma);

	if (!to || to->prot != prot || to->flags != flags || !vma_resembles(to, vma))
		return NULL;
	vma_set_border(to, vma, end);
	return to;
}

static struct vma *yield_above(struct vma *vma, vaddr_t start, unsigned prot, unsigned flags)
{
	struct vma *to = vma_next(vma);

	if (!to || to->prot != prot || to->flags != flags || !vma_resembles(vma, to))
		return NULL;
	vma_set_border(vma, to, start);
	return to;
}

struct vma *vma_yield(struct vma *vma, vaddr_t start, vaddr_t end, unsigned prot, unsigned flags)
{
	if (start == vma->start)
		return yield_below(vma, end, prot, flags);
	assert_hardened(end == vma->end);
	return yield_above(vma, start, prot, flags);
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
