/* SPDX-License-Identifier: MIT */
/* The buddy allocator of physical frames. */
#pragma once

#include "mm/check/page_check.h"
#include "mm/phys/page.h"

#define PAGE_ORDER_MAX 10 /* 4 MiB */

/* Who may use the last frames. */
enum page_alloc_from {
	PAGE_NORMAL,  /* leaves the reserve alone, unless its process is ending (mm_host) */
	PAGE_RESERVE, /* what makes memory free by running: munmap (mm/relieve.h) */
	PAGE_AHEAD,   /* as PAGE_NORMAL, and nobody minds where there is none (mm/phys/zeroed.c) */
};

/*
 * 2^order frames of that kind, one reference, contents undefined (poisoned in the hardened build);
 * NULL where there are none: an ordinary answer. Never sleeps.
 */
struct page *page_alloc(unsigned order, enum page_kind kind, enum page_alloc_from from);

/* One frame that is all zero, as PAGE_NORMAL. */
struct page *page_alloc_zeroed(enum page_kind kind);

/*
 * Frees an allocation that page_put() does not count: order > 0, or never shared. => refs is 1 or
 * 0, maps 0
 */
void page_free(struct page *page, unsigned order);

/* The same for one frame that is all zero again. */
void page_free_zeroed(struct page *page);

/*
 * Single frames on their way out: freed together under one lock. Start one as `struct page_batch b
 * = {0};`.
 */
struct page_batch {
	struct list *first; /* strung by next */
	struct list *last;
	size_t count;
};

/* => order 0, refs 0 or 1, maps 0 */
static inline void page_batch_add(struct page_batch *batch, struct page *page)
{
	page_end(page, 0);
	page->kind = PAGE_FREE;
	page->flags = PAGE_SINGLE | (page->flags & PAGE_POISONED);
	page->link.next = batch->first;
	batch->first = &page->link;
	if (!batch->last)
		batch->last = &page->link;
	batch->count++;
}

/* Frees count frames that are strung from first to last. => as page_batch_add() leaves them */
void page_string_free(struct list *first, struct list *last, size_t count);

/* (Inline, so that a batch can live in registers.) */
static inline void page_batch_free(struct page_batch *batch)
{
	if (batch->first)
		page_string_free(batch->first, batch->last, batch->count);
	*batch = (struct page_batch){ 0 };
}

/* Boot: gives the frames of [start, end) to the allocator, once. => their kind is PAGE_RESERVED */
void page_alloc_add(paddr_t start, paddr_t end);

/* Boot: how many frames PAGE_NORMAL leaves. */
void page_alloc_set_reserve(size_t frames);

size_t page_alloc_free_count(void);  /* frames that are free now, reserve included */
size_t page_alloc_total_count(void); /* frames that were ever given to it */

/* Puts the single free frames back into blocks. */
void page_alloc_trim(void);

/* What the free lists hold, for the ledger. */
struct page_alloc_census {
	size_t blocks; /* on the buddy lists */
	size_t frames; /* of these blocks */
	size_t singles;
	size_t faults;	/* list members that are not what their list says */
	size_t counted; /* what page_alloc_free_count() says */
};
void page_alloc_census(struct page_alloc_census *ret);
