/* SPDX-License-Identifier: MIT */
/* The hardened build's checks of frames that are freed and allocated again. */
#pragma once

#include "mm/phys/page.h"

#ifdef FAULTLINE_HARDENED

/*
 * A reserved frame is about to become free. A firmware that looks for missing fences reports a
 * translation of it that a TLB may still have. Call before the frame is given to the allocator.
 */
void page_check_release(paddr_t pa);

/* The frames of a new block are not poisoned. Call before any other function looks at them. */
void page_check_add(struct page *page, unsigned order);

/* An allocation is about to become free: page_check_release() for each frame. Panics unless it may. */
void page_check_free(const struct page *page, unsigned order);

/* page_check_free(), and then fills the frames with poison. */
void page_end(struct page *page, unsigned order);

/* Panics if a frame that was poisoned when it was freed has been written since. They are not poisoned any more. */
void page_check_poison(struct page *page, unsigned order);

/* Panics if a frame that was freed as all zeros has been written since. */
void page_check_zeros(const struct page *page);

#else

static inline void page_check_release(paddr_t pa)
{
	(void)pa;
}

static inline void page_check_add(struct page *page, unsigned order)
{
	(void)page, (void)order;
}

static inline void page_check_free(const struct page *page, unsigned order)
{
	(void)page, (void)order;
}

static inline void page_end(struct page *page, unsigned order)
{
	(void)page, (void)order;
}

static inline void page_check_poison(struct page *page, unsigned order)
{
	(void)page, (void)order;
}

static inline void page_check_zeros(const struct page *page)
{
	(void)page;
}

#endif
