/* SPDX-License-Identifier: MIT */
/* Blocks of frames that are kept for the rest of a sweep. */
#pragma once

#include "mm/phys/page.h"
#include "sync/atomic.h"

/*
 * A sweep that fills a block of memory by single pages (mm/fault/run.c) has a block of frames reserved. Each page then gets the frame that
 * a large entry for all of them would give it, so that there may be one at the end (mm/fault/collapse.h). Frames of the block that no page
 * has got are free, and count as free. They are given back before any allocation fails, and when their space ends.
 *
 * There are few reservations. A new one ends the oldest.
 */
struct reservation {
	/* guarded by the lock of mm/phys/reservation.c, until it is taken out: */
	const void *owner;		      /* the space; NULL: there is no reservation */
	vaddr_t base;			      /* the first address of the block of memory */
	struct page *head;		      /* the first of its frames */
	uint64_t rest[MMU_LEAF_ENTRIES / 64]; /* a bit for each that no page has got */
};

/* Is frame i still there for its page? */
static inline bool reservation_has(const struct reservation *reservation, size_t i)
{
	return reservation->rest[i / 64] >> i % 64 & 1;
}

/*
 * Allocates a block. Returns false if there is none: it never uses the reserve, and never waits. The caller owns the reservation,
 * and ends it by reservation_release(). Call with no spinning lock held, as the next two.
 */
bool reservation_make(struct reservation *ret, const void *owner, vaddr_t base);

/* Reserves a block for others to find, unless there is one, or memory is short. */
void reservation_begin(const void *owner, vaddr_t base);

/* Gives back the frames that no page has got. Returns how many. */
size_t reservation_release(struct reservation *reservation);

/* Takes frame i for a page: of kind PAGE_ANON, with one reference and any bytes. Returns NULL if it is taken. */
struct page *reservation_take(struct reservation *reservation, size_t i);

/*
 * Takes the frames for up to n pages from va on, upwards or downwards (step 1 or -1), all of one block, until one is taken. Returns how
 * many; 0 if nothing is reserved for them.
 */
size_t reservation_take_some(const void *owner, vaddr_t va, long step, size_t n,
			     struct page **pages);

/* Takes out the reservation for the block at base. Returns false if there is none; else the caller owns it. */
bool reservation_end(const void *owner, vaddr_t base, struct reservation *ret);

/* Ends those of a space, or all (NULL). Returns false if none gave back a frame. Call without pool.lock (mm/phys/page_alloc.c). */
bool reservations_drop(const void *owner);

/* Frames that are reserved, and that no page has got. */
extern size_t reserved_count; /* atomic */

static inline size_t reservation_count(void)
{
	return atomic_load_relaxed(&reserved_count);
}
