/* SPDX-License-Identifier: MIT */
/* One free frame that is filled with zeros before it is needed. */
#pragma once

#include "mm/check/page_check.h"
#include "sync/atomic.h"

/*
 * One free frame is prezeroed, so that the first write to private memory can be resolved under the
 * same hold of the lock as its look-up. It counts as free: page_alloc() falls back on it, and
 * page_alloc_trim() returns it to the other free frames.
 */

/* The frame, of kind PAGE_FREE while it is here. It is taken by an atomic exchange. */
extern struct page *prezeroed;

/*
 * Takes the frame: filled with zeros, with one reference, of kind PAGE_ANON, zeroed_pfn set.
 * Returns NULL if there is none.
 */
static inline struct page *zeroed_take(void)
{
	struct page *page = __atomic_exchange_n(&prezeroed, NULL, __ATOMIC_ACQUIRE);

	if (unlikely(!page))
		return NULL;
	page_check_zeros(page);
	page_start(page, PAGE_ANON, 0, 0);
	return page;
}

/*
 * Gives a frame back as zeroed_take() has returned it, still filled with zeros, and with its only
 * reference. May be called with the locks held that page_free() allows.
 */
void zeroed_give(struct page *page);

/* Zeroes the next frame, if one is free. Call with no spinning lock held. */
void zeroed_prepare(void);

/* Returns the frame to the allocator. Returns false if there was none. */
bool zeroed_drop(void);

static inline size_t zeroed_count(void)
{
	return atomic_load_relaxed(&prezeroed) != NULL;
}

/* Makes sure that there is one, if memory allows. Call with no spinning lock held. */
static inline void zeroed_topup(void)
{
	if (unlikely(!zeroed_count()))
		zeroed_prepare();
}
