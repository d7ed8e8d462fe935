/* SPDX-License-Identifier: MIT */
/* Makes the pages of a block of memory one large entry (a superpage). */
#pragma once

#include "mm/phys/reservation.h"
#include "mm/space/space.h"

/*
 * The program has written the block at base in full: if frames were reserved for it, its pages get one large entry. Those that have other
 * frames are moved. Nothing happens if a page is missing, is not private, or has other users. Call with no lock held.
 */
void collapse_found(struct space *space, vaddr_t base);

static inline void collapse_reserved(struct space *space, vaddr_t base)
{
	if (unlikely(reservation_count()))
		collapse_found(space, base);
}

/*
 * Gives the block at base a large entry: its pages are moved to new frames, and zeros are where there are none. Returns 0; -EINVAL if its
 * memory cannot have a large entry, or has no page that can be written; -ENOMEM if there is no block of frames; -EAGAIN if a page
 * is in use otherwise, or swapped out. Call with no lock held.
 */
int collapse_block(struct space *space, vaddr_t base);
