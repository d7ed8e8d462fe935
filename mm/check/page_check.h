/* SPDX-License-Identifier: MIT */
/* The hardened build's checks of frames that are freed and allocated again. */
#pragma once

#include "mm/phys/page.h"

#ifdef FAULTLINE_HARDENED

/* Panics where those frames are not an allocation that may be freed. */
void page_check_free(const struct page *page, unsigned order);

/* The same; fills them with poison. */
void page_end(struct page *page, unsigned order);

/* Free frames must still be what they were when they were freed: poison where it was filled in... */
void page_check_poison(struct page *page, unsigned order);

/* ... and all zeros where the frame was freed for its zeros. */
void page_check_zeros(const struct page *page);

#else

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
