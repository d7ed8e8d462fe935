/* SPDX-License-Identifier: MIT */
/* The age of a page, by which reclaim tells cold pages from those in use. */
#pragma once

#include "mm/phys/page.h"

/*
 * The hand of the clock (mm/swap/clock_hand.c) passes every page once a turn, and asks whether the page was
 * used since the last turn. A page that was is hot: it stays for some turns even if it is not used
 * again.
 */
#define PAGE_HEAT_MAX 2u

static inline uint32_t state_heat(uint64_t state)
{
	return (uint32_t)(state / PAGE_HEAT_ONE & 3);
}

static inline uint32_t page_heat(const struct page *page)
{
	return state_heat(page_state(page));
}

/*
 * A use of the page has been seen. The first one, by the thread that brought the page in, does not
 * count, so that a long scan does not push out what is in use.
 */
static inline void page_set_used(struct page *page)
{
	uint64_t state = page_state(page);
	uint64_t flag = state & PAGE_USED_ONCE ? PAGE_USED : PAGE_USED_ONCE;

	if (!(state & flag))
		page_set(page, flag);
}

/* The page was hot and has been read again: it stays hot. No other thread knows it yet. */
static inline void page_set_hot(struct page *page)
{
	page_set(page, PAGE_USED_ONCE | PAGE_HEAT_MAX * PAGE_HEAT_ONE);
}

/* The page is cold from now on, whatever was before. */
static inline void page_set_cold(struct page *page)
{
	page_change(page, PAGE_USED | PAGE_USED_ONCE | (PAGE_HEAT_MAX | 1) * PAGE_HEAT_ONE,
		    PAGE_SEEN);
}

/*
 * Returns true if the hand has passed the page once, nothing has used it since, and its heat is 0.
 * Heat is ignored if `hard` is set, and for a page that read-ahead brought in and nothing has used
 * yet.
 */
static inline bool page_is_cold(const struct page *page, bool hard)
{
	uint64_t state = page_state(page);

	hard |= (state & PAGE_AHEAD) != 0;
	return (state & PAGE_SEEN) && !(state & PAGE_USED) && (hard || !state_heat(state));
}

/*
 * The hand passes the page. If the page was used, it is hot now. If not, and if hot pages are to
 * `cool`, it is less hot. One thread at a time calls this for a page.
 */
static inline void page_pass(struct page *page, bool cool)
{
	uint64_t state = page_state(page);
	uint32_t heat = state_heat(state);

	if (state & PAGE_USED)
		heat = PAGE_HEAT_MAX;
	else if (cool && heat)
		heat--;
	page_change(page, PAGE_USED | (PAGE_HEAT_MAX | 1) * PAGE_HEAT_ONE,
		    PAGE_SEEN | heat * PAGE_HEAT_ONE);
}
