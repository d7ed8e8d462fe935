/* SPDX-License-Identifier: MIT */
/* Changes the flags of a part of a VMA. */
#include "mm/verbs/change_flags.h"

#include "mm/verbs/unmap.h"

/* A neighbour takes the part, so that there is no VMA more. */
static bool part_yield(struct vma *vma, vaddr_t start, vaddr_t end, unsigned flags)
{
	struct space *space = vma->space;
	bool yielded;

	if (!vma_ends_with(vma, start, end))
		return false;
	spin_lock(&space->lock);
	yielded = vma_yield(vma, start, end, vma->prot, flags);
	spin_unlock(&space->lock);
	return yielded;
}

/* The part becomes a VMA of its own, and is joined with its neighbours where they are alike. */
static int part_split(struct vma *vma, vaddr_t start, vaddr_t end, unsigned flags)
{
	struct list dead = LIST_INIT(dead);
	struct space *space = vma->space;
	struct split_room room;
	int result = split_room_within(vma, start, end, &room);

	if (result)
		return result;
	spin_lock(&space->lock);
	vma = split_within(vma, start, end, &room);
	vma->flags = flags;
	space->layout++;
	vma_merge(vma, &dead);
	spin_unlock(&space->lock);
	vma_free_dead(&dead);
	return 0;
}

int change_flags(struct space *space, vaddr_t start, vaddr_t end, unsigned set, unsigned clear)
{
	struct vma *vma = vma_find(space, start);
	unsigned flags = (vma->flags & ~clear) | set;
	int result = 0;

	if (vma->flags == flags)
		return 0;
	space_busy(space, start, end);
	if (!part_yield(vma, start, end, flags))
		result = part_split(vma, start, end, flags);
	space_idle(space);
	return result;
}
