/* Joins neighbours that are alike. */
#include "mm/space.h"
#include "mm/vma.h"

/* Is `b`, right above `a`, its continuation? */
static bool vma_continues(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->backend != b->backend || a->object != b->object)
		return false;
	if (a->rights != b->rights || a->max_rights != b->max_rights || a->flags != b->flags)
		return false;
	if (a->file_end != b->file_end || a->truncation != b->truncation)
		return false;
	return !a->object || b->offset == a->offset + (b->start - a->start);
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

bool vma_absorb(struct space *space, const struct vma *like, struct list *dead)
{
	struct vma *above = vma_find_next(space, like->start);
	struct vma *below = above ? vma_prev(above) : vma_last(space);

	if (below && vma_continues(below, like)) {
		vma_set_end(below, like->end);
		vma_merge(below, dead);
		return true;
	}
	if (above && vma_continues(like, above)) {
		vma_set_start(above, like->start);
		return true;
	}
	return false;
}
