/* SPDX-License-Identifier: MIT */
/* Swap-in: the way of a page from its slot back to the entry of a private mapping, or to the index of its object. */
#pragma once

#include "mm/object/page_index.h"

/*
 * An entry was SWAP and maps the page now: page_map_get() has been called. Drops the entry's
 * reference to the slot. Returns true if no other entry refers to the page or to the slot, so that
 * the entry may be writable. Then, if `write`, or if few slots are free, the page leaves the cache.
 * `own`: the caller has references of its own to the page and to the slot. The caller holds the
 * lock of the swap cache.
 */
bool swap_in_page(struct page *page, bool write, bool own);

/*
 * The index held `entry`, which is SWAPPED, and the caller has a reference to the slot, which this
 * function drops. Returns -EAGAIN if the page has to be looked up again: it is back, or the object
 * has changed; VM_WAIT with *wait filled in, -ENOMEM or -EIO. Call with no spinning lock held.
 */
int object_swap_in(struct object *object, uint64_t index, struct index_entry entry,
		   struct vm_wait *wait);
