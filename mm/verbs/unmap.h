/* SPDX-License-Identifier: MIT */
/* Taking VMAs and their entries away, for munmap and for all that replace or end mappings. */
#pragma once

#include "mm/space.h"

/* VMAs that splitting the edges of a range takes; had before anything changes. */
struct split_room {
	struct vma *spare[2];
};

/*
 * Gets what splitting at both ends of [start, end) will take: 0 or -ENOMEM.
 * => mmap lock held, the range busy, lest a stack grows into it; no spinning lock held
 */
int split_room_get(struct space *space, vaddr_t start, vaddr_t end, struct split_room *room,
		   bool frees);

static inline bool split_needed(const struct split_room *room)
{
	return room->spare[0];
}

void split_room_put(struct split_room *room); /* => no spinning lock held */

/*
 * Makes VMAs begin and end at both ends of the range: the one at its start, or NULL. => space lock
 * held; cannot fail
 */
struct vma *split_edges(struct space *space, vaddr_t start, vaddr_t end, struct split_room *room);

/*
 * The same two where one VMA holds all of the range, which is to be a VMA of its own and to stay: the
 * limit of mappings counts for each part (those that munmap cuts off go at once). => as above; all
 * the room is used
 */
int split_room_within(const struct vma *vma, vaddr_t start, vaddr_t end, struct split_room *room);
struct vma *split_within(struct vma *vma, vaddr_t start, vaddr_t end, struct split_room *room);

/*
 * Removes all mappings of [start, end), splitting at its ends: 0, or -ENOMEM with nothing changed.
 * => mmap lock held, the range busy (space_busy()); no spinning lock held
 */
int unmap_range(struct space *space, vaddr_t start, vaddr_t end);

/*
 * Removes all VMAs of [start, end) and their entries, in pieces, pausing between them; goes on if
 * killed.
 * => none sticks out of the range; the mmap lock held, or no thread runs in the space; no spinning
 * lock held
 */
void unmap_pieces(struct space *space, vaddr_t start, vaddr_t end);
