/* SPDX-License-Identifier: MIT */
/* Transfers between the swap cache and the disk: many at a time, without memory of their own. */
#pragma once

#include "mm/object/object.h"

struct block_device;

/* From here on the slots are pages of this disk. */
void swap_io_start(struct block_device *device);

/* For the swap cache's struct object_ops. */
int swap_read_page(struct object *object, struct page *page, struct vm_wait *wait);
void swap_write_page(struct object *object, struct page *page);

/*
 * Submits the requests that write_page() has filled; unless `all`, only those that can't take more
 * pages. Call with no spinning lock held.
 */
void swap_submit(bool all);

/*
 * The page of this slot was read together with a neighbour, and is used. The caller holds the
 * cache's lock.
 */
void swap_ahead_used(uint64_t slot);

/* Do neighbours come along with a page that is read? It changes at any time. */
bool swap_reads_along(void);

/*
 * Pages that are being written; those of them whose requests have not been submitted; and whether
 * there is room for another write. All change at any time. When a write ends, swap_written is
 * woken.
 */
unsigned swap_writing(void);
unsigned swap_filling(void);
bool swap_may_write(void);
extern struct waitq swap_written;
