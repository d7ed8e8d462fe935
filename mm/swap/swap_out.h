/* SPDX-License-Identifier: MIT */
/* Swap-out: gives private pages, and pages of objects, a slot, and puts them into the swap cache to be written. */
#pragma once

#include "mm/object/object.h"

/*
 * For reclaim. Gets what the two below need for some pages, if there is swap, and memory. Call with no spinning lock
 * held.
 */
void swap_out_prepare(void);

/*
 * An entry that maps this private page is about to become SWAP. Puts the page into the swap cache,
 * unless it is there, and counts a reference to its slot, which *slot_ret is set to. A page that is
 * `dirty`, and whose old slot nothing refers to, gets a new one, next to those of other pages that
 * go now. Returns false
 * if no slot is free, or if there is no memory. The caller holds the lock of the entry's space.
 */
bool swap_out_page(struct page *page, bool dirty, uint64_t *slot_ret);

/*
 * The index of another object has this page, and nothing else refers to it. Puts the page into the swap cache, gives the
 * index a reference to the slot instead, and begins a write of the page, see swap_submit(). Returns false if no slot is
 * free, or if there is no memory. The caller holds object->lock.
 */
bool object_swap_out(struct object *object, struct page *page);

/*
 * A write of this page has ended, with 0 or a negative errno. If the page is still cold, it is
 * dropped from the cache. For mm/swap/swap_io.c; call with no spinning lock held.
 */
void swap_page_written(struct page *page, int result);
