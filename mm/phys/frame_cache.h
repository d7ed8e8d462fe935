/* SPDX-License-Identifier: MIT */
/* The free frames that each hart keeps for itself. */
#pragma once

#include "base/hart.h"
#include "mm/phys/page.h"
#include "sync/spinlock.h"

/*
 * A hart allocates single frames from its cache and frees them to it, so that harts share no line for that. When its cache
 * is empty it takes a block from the buddy lists, or frames from the cache of another hart. Frames known to hold only zeros,
 * which were page tables, are on a list of their own for page_alloc_zeroed(). They become ordinary singles when there are no
 * other singles.
 *
 * All caches count as free memory. To see whether memory is short, all have to be summed. So a hart that has done so may
 * then allocate a share of what is above the low watermark without looking again: until `nfree` has fallen to `floor`, which
 * is SIZE_MAX if there is no share.
 */
struct frame_cache {
	struct spinlock lock;
	/* guarded by lock: */
	struct list *singles; /* linked by `next`, NULL at the end */
	struct list *zeroed;  /* frames that hold only zeros, linked as `singles` */
	size_t nfree;	      /* frames on both */
	size_t floor;
	/* atomic: */
	struct page *prezeroed; /* mm/phys/zeroed.h */
} __attribute__((aligned(64))); /* a line of its own */

extern struct frame_cache frame_caches[HART_MAX];

/* That of the hart on which the caller runs, or has run a moment ago. */
static inline struct frame_cache *frame_cache_this(void)
{
	return hart_this()->frames;
}
