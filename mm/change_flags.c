/* Changes the flags of a part of a VMA. */
#include "mm/change_flags.h"

#include "mm/unmap.h"

int change_flags(struct space *space, vaddr_t start, vaddr_t end, unsigned set, unsigned clear)
{
	struct vma *vma = vma_find(space, start);
	unsigned flags = (vma->flags & ~clear) | set;
	struct list dead = LIST_INIT(dead);
	struct split_room room;
	int result;

	if (vma->flags == flags)
		return 0;
	space_busy(space, start, end);
	result = split_room_within(vma, start, end, &room);
	if (!result) {
		spin_lock(&space->lock);
		vma = split_within(vma, start, end, &room);
		vma->flags = flags;
		space->layout++;
		vma_merge(vma, &dead);
		spin_unlock(&space->lock);
		vma_free_dead(&dead);
	}
	space_idle(space);
	return result;
}
