/* SPDX-License-Identifier: MIT */
/* Splits the VMAs at the edges of a range, the room being had before. */
#include "abi/errno.h"
#include "mm/verbs/unmap.h"

/*
 * The VMA that has `end` inside it, not at its start; NULL. `first` is the one at the range's start:
 * mostly it is the same.
 */
static struct vma *vma_across_end(struct space *space, struct vma *first, vaddr_t end)
{
	struct vma *vma = first && end <= first->end ? first : vma_find(space, end);

	return vma && vma->start < end && end < vma->end ? vma : NULL;
}

static int room_fill(struct split_room *room, unsigned needed, bool frees)
{
	for (unsigned i = 0; i < needed; i++) {
		room->spare[i] = vma_alloc_spare(frees);
		if (!room->spare[i]) {
			split_room_put(room);
			return -ENOMEM;
		}
	}
	return 0;
}

int split_room_get(struct space *space, vaddr_t start, vaddr_t end, struct split_room *room,
		   bool frees)
{
	struct vma *first = vma_find(space, start);
	struct vma *high = vma_across_end(space, first, end);
	bool low = first && first->start < start;

	*room = (struct split_room){ 0 };
	if (low && first == high && space->nvmas >= VMA_COUNT_MAX)
		return -ENOMEM;
	return room_fill(room, low + !!high, frees);
}

int split_room_within(const struct vma *vma, vaddr_t start, vaddr_t end, struct split_room *room)
{
	unsigned needed = (vma->start < start) + (end < vma->end);

	*room = (struct split_room){ 0 };
	if (needed && vma->space->nvmas + needed > VMA_COUNT_MAX)
		return -ENOMEM;
	return room_fill(room, needed, false);
}

void split_room_put(struct split_room *room)
{
	vma_free(room->spare[0]);
	vma_free(room->spare[1]);
	*room = (struct split_room){ 0 };
}

/* => the part from `at` on */
static struct vma *split_at(struct vma *vma, vaddr_t at, struct split_room *room)
{
	struct vma **spare = room->spare[0] ? &room->spare[0] : &room->spare[1];
	struct vma *upper = *spare;

	assert(upper);
	vma_split(vma, at, upper);
	*spare = NULL;
	return upper;
}

struct vma *split_within(struct vma *vma, vaddr_t start, vaddr_t end, struct split_room *room)
{
	if (vma->start < start)
		vma = split_at(vma, start, room);
	if (end < vma->end)
		(void)split_at(vma, end, room);
	return vma;
}

struct vma *split_edges(struct space *space, vaddr_t start, vaddr_t end, struct split_room *room)
{
	struct vma *first = vma_find(space, start), *high;

	if (first && first->start < start)
		first = split_at(first, start, room);
	high = vma_across_end(space, first, end);
	if (high)
		(void)split_at(high, end, room);
	return first;
}
