/* SPDX-License-Identifier: MIT */
/* For the page cache: brings the page of an index back from swap. */
#pragma once

#include "mm/object/page_index.h"

/*
 * The index held `entry`, which is SWAPPED, and the caller has a reference to the slot, which this
 * function drops. Returns -EAGAIN if the page has to be looked up again: it is back, or the object
 * has changed; VM_WAIT with *wait filled in, -ENOMEM or -EIO. Call with no spinning lock held.
 */
int page_swap_in(struct object *object, uint64_t index, struct index_entry entry,
		 struct vm_wait *wait);
