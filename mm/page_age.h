/* SPDX-License-Identifier: MIT */
/* The age of a page, by which reclaim tells cold pages from those in use. */
#pragma once

#include "mm/phys/page.h"

/*
 * The hand of the clock (mm/reclaim.c) passes every page once a turn, and asks whether the page was
 * used since the last turn. A page that was is hot: it stays for some turns even if it is not used
 * again.
 */
#define PAGE_HEAT_MAX 2u

static inline uint32_t page_flags(const struct page *page)
{
	return __atomic_load_n(&page->flags, __ATOMIC_RELAXED);
}

static inline uint32_t page_heat(const struct page *page)
{
	return page_flags(page) / PAGE_HEAT_ONE & 3;
}

/*
 * A use of the page has been seen. The first one, by whoever brought the page in, does not count:
 * so a long scan does not push out what is in use.
 */
static inline void page_set_used(struct page *page)
{
	uint32_t flag = page_flags(page) & PAGE_USED_ONCE ? PAGE_USED : PAGE_USED_ONCE;

	if (!(page_flags(page) & flag))
		__atomic_fetch_or(&page->flags, flag, __ATOMIC_RELAXED);
}

/* The page was hot and has been read again: it stays hot. Nobody else knows it yet. */
static inline void page_set_hot(struct page *page)
{
	page->flags |= PAGE_USED_ONCE | PAGE_HEAT_MAX * PAGE_HEAT_ONE;
}

/* The page is cold from now on, whatever was before. */
static inline void page_set_cold(struct page *page)
{
	__atomic_fetch_and(&page->flags,
			   ~(PAGE_USED | PAGE_USED_ONCE | (PAGE_HEAT_MAX | 1) * PAGE_HEAT_ONE),
			   __ATOMIC_RELAXED);
	__atomic_fetch_or(&page->flags, PAGE_SEEN, __ATOMIC_RELAXED);
}

/*
 * Is the page cold? The hand has passed it, it was not used since, and it is not hot. If `hard`,
 * heat does not count. Nor does it as long as the page has come along with another and is not used.
 */
static inline bool page_is_cold(const struct page *page, bool hard)
{
	uint32_t flags = page_flags(page);

	hard |= (flags & PAGE_AHEAD) != 0;
	return (flags & PAGE_SEEN) && !(flags & PAGE_USED) && (hard || !page_heat(page));
}

/*
 * The hand passes the page. If the page was used, it is hot now. If not, and if hot pages are to
 * `cool`, it is less hot. One thread at a time calls this for a page.
 */
static inline void page_pass(struct page *page, bool cool)
{
	uint32_t heat = page_heat(page), now = heat;

	if (page_flags(page) & PAGE_USED)
		now = PAGE_HEAT_MAX;
	else if (cool && heat)
		now = heat - 1;
	if (now != heat)
		__atomic_fetch_add(&page->flags, (now - heat) * PAGE_HEAT_ONE, __ATOMIC_RELAXED);
	__atomic_fetch_and(&page->flags, ~PAGE_USED, __ATOMIC_RELAXED);
	__atomic_fetch_or(&page->flags, PAGE_SEEN, __ATOMIC_RELAXED);
}
