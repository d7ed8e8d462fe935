/* SPDX-License-Identifier: MIT */
/* For the other files of the page cache: starting a read, and waiting for one. */
#pragma once

#include "mm/object/page_index.h"

/* What a look-up found out about a page that is not in memory. */
struct missing_page {
	uint64_t index;
	struct index_entry entry; /* what the index held */
	uint64_t backed;	  /* of the object, at that time */
	uint64_t truncations;
};

/*
 * Starts a read of the page into the frame of `page`, and takes over the caller's reference. The
 * access of *wait has started this read. Returns VM_WAIT with *wait filled in if it is under way; -EAGAIN if the page has to be
 * looked up again, as the read may have ended, or the object has changed. Otherwise what object_ops.read_page()
 * returns, or -ENOMEM. Call with no spinning lock held.
 */
int page_read_start(struct object *object, const struct missing_page *missing, struct page *page,
		    struct vm_wait *wait);

/*
 * The wait queue of the threads that need the page at index. Consecutive pages share a queue, so
 * that the end of a read of several pages wakes one or two. So do pages of other objects.
 */
struct waitq *page_read_queue(const struct object *object, uint64_t index);

/* Fills in *wait for a read that is under way. The caller holds object->lock. */
void page_read_wait(const struct object *object, uint64_t index, struct vm_wait *wait);

/* Did the access start the last read of the page that it looked up, or wait for that read? */
bool page_read_is_noted(const struct object *object, uint64_t index, const struct vm_wait *wait);
