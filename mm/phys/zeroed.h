/* SPDX-License-Identifier: MIT */
/* A frame that is filled with zeros before somebody wants it. */
#pragma once

#include "mm/check/page_check.h"
#include "sync/atomic.h"

/*
 * One free frame is kept zeroed, so that the first write to private memory is granted in the lock
 * hold of its look-up. It counts as free: page_alloc() falls back on it, and page_alloc_trim() puts
 * it back to the others.
 */

/* The frame, of kind PAGE_FREE while it is here. Atomic: who exchanges it has it. */
extern struct page *prezeroed;

/* That frame, with one reference: all zeros, PAGE_ANON, zeroed_pfn set; NULL: there is none. */
static inline struct page *zeroed_take(void)
{
	struct page *page = __atomic_exchange_n(&prezeroed, NULL, __ATOMIC_ACQUIRE);

	if (unlikely(!page))
		return NULL;
	page_check_zeros(page);
	page->kind = PAGE_ANON;
	return page;
}

/* Zeroes the next, where one is free. => no spinning lock held */
void zeroed_prepare(void);

/* Gives it back to the allocator. => false: there was none */
bool zeroed_drop(void);

static inline size_t zeroed_count(void)
{
	return atomic_load_relaxed(&prezeroed) != NULL;
}

/* Sees to it that there is one. => as zeroed_prepare() */
static inline void zeroed_topup(void)
{
	if (unlikely(!zeroed_count()))
		zeroed_prepare();
}
