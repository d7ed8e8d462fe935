/* Splits the VMAs at the edges of a range, the room being had before. */
#include "abi/errno.h"
#include "mm/unmap.h"

/* The VMA that has `at` inside it, not at its start. */
static struct vma *vma_across(struct space *space, vaddr_t at)
{
	struct vma *vma = vma_find(space, at);

	return vma && vma->start < at ? vma : NULL;
}

int split_room_get(struct space *space, vaddr_t start, vaddr_t end, struct split_room *room)
{
	struct vma *low = vma_across(space, start), *high = vma_across(space, end);
	unsigned needed = !!low + !!high;

	*room = (struct split_room){ 0 };
	if (low && low == high && space->nvmas >= VMA_COUNT_MAX)
		return -ENOMEM;
	for (unsigned i = 0; i < needed; i++) {
		room->spare[i] = vma_alloc();
		if (!room->spare[i]) {
			split_room_put(room);
			return -ENOMEM;
		}
	}
	return 0;
}

void split_room_put(struct split_room *room)
{
	vma_free(room->spare[0]);
	vma_free(room->spare[1]);
	*room = (struct split_room){ 0 };
}

static void split_at(struct space *space, vaddr_t at, struct split_room *room)
{
	struct vma *vma = vma_across(space, at);
	struct vma **spare = room->spare[0] ? &room->spare[0] : &room->spare[1];

	if (!vma)
		return;
	assert(*spare);
	vma_split(vma, at, *spare);
	*spare = NULL;
}

void split_edges(struct space *space, vaddr_t start, vaddr_t end, struct split_room *room)
{
	split_at(space, start, room);
	split_at(space, end, room);
}
