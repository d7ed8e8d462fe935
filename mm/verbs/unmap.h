/* SPDX-License-Identifier: MIT */
/* Taking VMAs and their entries away, for munmap and for all that replace or end mappings. */
#pragma once

#include "mm/space.h"

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
