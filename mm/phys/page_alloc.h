/* SPDX-License-Identifier: MIT */
/* The buddy allocator of physical frames. */
#pragma once

#include "mm/check/page_check.h"
#include "mm/phys/page.h"
#include "sync/waitq.h"

#define PAGE_ORDER_MAX 10 /* 4 MiB */

_Static_assert(PAGE_ORDER_MAX <= PAGE_ORDER_MASK, "page->state holds the order");

/* Which allocations may use the reserve, the last free frames. */
enum page_alloc_from {
	PAGE_NORMAL,   /* not the reserve, unless the process is ending (mm_host) */
	PAGE_RESERVE,  /* the reserve too: for what frees memory, like munmap (mm/swap/relieve.h) */
	PAGE_OPTIONAL, /* never the reserve, and may fail without harm */
};

/*
 * Allocates 2^order contiguous frames of the given kind, with one reference. Their contents are
 * undefined (poison in the hardened build). Returns NULL if there are none, which the caller must
 * expect. Never sleeps.
 */
struct page *page_alloc(unsigned order, enum page_kind kind, enum page_alloc_from from);

/*
 * Allocates up to n single frames, each as page_alloc() does, by the rules of PAGE_OPTIONAL. Returns how many: fewer than n
 * if the hart has no more at hand, and 0 if there are none.
 */
size_t page_alloc_some(struct page **pages, size_t n, enum page_kind kind);

/* Makes an allocation of 2^order frames as many allocations of one frame, each with one reference. */
void page_alloc_split(struct page *page, unsigned order);

/* Undoes that. The frames are not in use any more. */
void page_alloc_join(struct page *page, unsigned order);

/* Allocates one frame filled with zeros, by the rules of PAGE_NORMAL. */
struct page *page_alloc_zeroed(enum page_kind kind);

/*
 * Frees an allocation that is not reference-counted: one of order > 0, or one that was never
 * shared. Its refs are 0 or 1, and its maps are 0.
 */
void page_free(struct page *page, unsigned order);

/* Frees one frame whose bytes are all zero. It is kept for page_alloc_zeroed(). */
void page_free_zeroed(struct page *page);

/*
 * Single frames that are freed together, under one hold of the lock. Initialise with `struct
 * page_batch b = {0};`.
 */
struct page_batch {
	struct list *first; /* linked by `next` */
	struct list *last;
	size_t count;
};

/* Adds a frame to a batch. Its order is 0, its refs are 0 or 1, and its maps are 0. */
static inline void page_batch_add(struct page_batch *batch, struct page *page)
{
	page_end(page, 0);
	page_start_free(page, 0, PAGE_SINGLE);
	page->link.next = batch->first;
	batch->first = &page->link;
	if (!batch->last)
		batch->last = &page->link;
	batch->count++;
}

/* Frees `count` frames, linked from `first` to `last`, as page_batch_add() leaves them. */
void page_string_free(struct list *first, struct list *last, size_t count);

/* Frees the frames of a batch. Inline, so that a batch can live in registers. */
static inline void page_batch_free(struct page_batch *batch)
{
	if (batch->first)
		page_string_free(batch->first, batch->last, batch->count);
	*batch = (struct page_batch){ 0 };
}

/*
 * Boot: gives the frames of [start, end) to the allocator, which has never had them. All struct pages outside of free blocks
 * are initialised already.
 */
void page_alloc_add(paddr_t start, paddr_t end);

/* Boot: sets the size of the reserve, in frames, and the watermarks with it. */
void page_alloc_set_reserve(size_t frames);
size_t page_alloc_reserve_count(void);

/*
 * There is a low and a high watermark, above the reserve. An ordinary allocation that finds no more
 * free frames than the low one wakes page_alloc_low, once. page_alloc_missing() returns how many
 * frames have to be freed up to the high one, and lets the queue be woken again.
 */
extern struct waitq page_alloc_low;
size_t page_alloc_missing(void);

size_t page_alloc_free_count(void);  /* free frames, the reserve included */
size_t page_alloc_above_low(void);   /* free frames above the low watermark */
size_t page_alloc_total_count(void); /* all frames that the allocator was given */

/* Merges the single free frames into blocks. */
void page_alloc_trim(void);

/* While this lock is held, no block is split or merged: for walks over all frames, at most a block's largest size at a time. */
void page_alloc_lock(void);
void page_alloc_unlock(void);

/* The contents of the free lists, for the ledger. */
struct page_alloc_census {
	size_t blocks; /* on the buddy lists */
	size_t frames; /* in these blocks */
	size_t singles;
	size_t faults;	/* list members whose struct page does not fit their list */
	size_t counted; /* what page_alloc_free_count() returns */
};
void page_alloc_census(struct page_alloc_census *ret);
