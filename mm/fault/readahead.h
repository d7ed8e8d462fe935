/* SPDX-License-Identifier: MIT */
/* How many neighbours are read together with a page: as long as they are used, more and more. */
#pragma once

#include "lib/types.h"

#define READAHEAD_MAX 8u

/*
 * A program may go through several parts of its memory in turn. Each of them is a stream with a
 * window of its own. So many streams are known; a new one takes the place of the one that was read
 * least recently.
 */
#define READAHEAD_STREAMS 8u

/* The last read of a stream: `window` indices from `first` on. */
struct readahead_stream {
	uint64_t first;	  /* a multiple of the window */
	unsigned window;  /* a power of two; 0: no such stream yet */
	unsigned brought; /* pages that came along with the one that was asked for */
	unsigned used;	  /* of these, the ones that have been used since */
	uint64_t turn;	  /* the number of the read */
};

/* Guarded by the caller's lock. Initialise with `struct readahead r = {0};`. */
struct readahead {
	struct readahead_stream streams[READAHEAD_STREAMS];
	unsigned last; /* the number of the stream that was read last */
};

/*
 * A read of the page at index begins. Returns the window: that many pages, aligned to their number,
 * are worth reading at once. The read belongs to a stream if the last read of that was not more
 * than its window away, before or behind. It is a new stream otherwise, which begins with the window
 * of the stream that was read last.
 *
 * The window doubles if at least half of the pages that came along last time were used, and halves
 * if not. If none came along, it doubles in a stream that goes on, and halves in a new one.
 */
unsigned readahead_next(struct readahead *ahead, uint64_t index);

/* With the page at index, so many others came along. */
void readahead_brought(struct readahead *ahead, uint64_t index, unsigned npages);

/* The page at index has come along with another, and is used. */
void readahead_used(struct readahead *ahead, uint64_t index);

/* Do neighbours come along with the page that was read last? May be called without the lock. */
bool readahead_is_wide(const struct readahead *ahead);
