/* SPDX-License-Identifier: MIT */
/* A free frame of each hart that is filled with zeros before it is needed. */
#pragma once

#include "lib/string.h"
#include "mm/check/page_check.h"
#include "mm/phys/frame_cache.h"
#include "sync/atomic.h"

/*
 * One free frame of each hart is prezeroed, so that the first write to private memory can be resolved under the same hold of
 * the lock as its look-up. It is of kind PAGE_FREE, in the hart's cache, and taken by an atomic exchange. It counts as free:
 * page_alloc() falls back on it, and page_alloc_trim() returns it to the other free frames.
 */

/*
 * Takes the frame of a hart: filled with zeros, with one reference, of kind PAGE_ANON, zeroed_pfn set.
 * Returns NULL if there is none.
 */
static inline struct page *zeroed_take_from(struct frame_cache *cache)
{
	struct page *page = __atomic_exchange_n(&cache->prezeroed, NULL, __ATOMIC_ACQUIRE);

	if (unlikely(!page))
		return NULL;
	page_check_zeros(page);
	page_start(page, PAGE_ANON, 0, 0);
	return page;
}

static inline struct page *zeroed_take(void)
{
	return zeroed_take_from(frame_cache_this());
}

/* Takes a zeroed frame of any hart; NULL: there is none. */
struct page *zeroed_take_any(void);

/*
 * Gives a frame back as zeroed_take() has returned it, still filled with zeros, and with its only
 * reference. May be called with the locks held that page_free() allows.
 */
void zeroed_give(struct page *page);

/* Zeroes the next frame, if one is free. Call with no spinning lock held. */
void zeroed_prepare(void);

/* Returns the frames of all harts to the allocator. Returns false if there were none. */
bool zeroed_drop(void);

/* Fills a frame with zeros from byte `from` on. */
static inline void frame_zero_from(pfn_t pfn, size_t from)
{
	char *bytes = arch_phys_to_virt(pfn_to_paddr(pfn));

	if (from == 0)
		arch_page_zero(bytes);
	else
		memset(bytes + from, 0, PAGE_SIZE - from);
}

/* How many there are. */
size_t zeroed_count(void);

/* Makes sure that this hart has one, if memory allows. Call with no spinning lock held. */
static inline void zeroed_topup(void)
{
	if (unlikely(!atomic_load_relaxed(&frame_cache_this()->prezeroed)))
		zeroed_prepare();
}
