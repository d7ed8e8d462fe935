/* SPDX-License-Identifier: MIT */
/* Where an object has pages, and where holes: for SEEK_DATA, SEEK_HOLE and cachestat. */
#pragma once

#include "mm/object/object.h"

/*
 * Return the first byte from `from` on that lies in a page that is there, in memory or swap or still to
 * be read; or that lies in none. It may be beyond the size. Call with no spinning lock held;
 * object_next_hole() calls vm_pause().
 */
uint64_t object_next_data(struct object *object, uint64_t from);
uint64_t object_next_hole(struct object *object, uint64_t from);

/* How many pages of an object are in memory; of these, have to be written or are being written; and are not any more. */
struct object_cached {
	uint64_t cached, dirty, writing;
	uint64_t evicted, recent; /* dropped or in swap; of these, dropped lately */
};

/*
 * Adds up the pages with indices in [first, last], some under each hold of the object's lock. Returns 0 or -EINTR. Call with
 * no spinning lock held.
 */
int object_count_cached(struct object *object, uint64_t first, uint64_t last,
			struct object_cached *ret);
