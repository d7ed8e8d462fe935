/* SPDX-License-Identifier: MIT */
/* How many neighbours are read together with a page: as long as they are used, more and more. */
#pragma once

#include "lib/bits.h"
#include "lib/types.h"

#define READAHEAD_MAX 8u

/* What is known from the last read. Initialise with `struct readahead r = {0};`. */
struct readahead {
	uint64_t last;	  /* the index that was asked for */
	unsigned window;  /* pages of a read; a power of two */
	unsigned brought; /* pages that came along with the one that was asked for */
	unsigned used;	  /* of these, the ones that have been used since */
};

/*
 * A read of the page at index begins. Returns the window: that many pages, aligned to their number,
 * are worth reading at once. It doubles if at least half of the pages that came along last time
 * were used, and halves if not. If none came along, it doubles for a neighbour of the last page.
 */
static inline unsigned readahead_next(struct readahead *ahead, uint64_t index)
{
	bool neighbour = index == ahead->last + 1 || index + 1 == ahead->last;
	bool grow = ahead->brought ? ahead->used * 2 >= ahead->brought : neighbour;
	unsigned window = MAX(ahead->window, 1u);

	ahead->window = grow ? MIN(window * 2, READAHEAD_MAX) : MAX(window / 2, 1u);
	ahead->last = index;
	ahead->brought = ahead->used = 0;
	return ahead->window;
}
