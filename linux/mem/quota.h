/* SPDX-License-Identifier: MIT */
/* Limits the files of the tree, their indices and names, and segments of shared memory to half of memory and swap. */
#pragma once

#include "lib/types.h"

struct object;

/*
 * At least this many names, or inodes with their objects, fit into one frame of kernel memory. A name
 * or an inode is one record.
 */
#define QUOTA_RECORDS_PER_FRAME 8

/* Returns the limit in frames: how many the files may have if there are no names. */
uint64_t quota_most(void);
/* Returns how many more frames the files may have now. */
uint64_t quota_left(void);
/* Returns how many pages the files have, those in swap included. */
uint64_t quota_pages(void);

/*
 * Counts one more frame; pages of the boot archive itself do not count. Returns false and counts
 * nothing if the limit is reached. quota_page_gone() undoes it. Neither takes a lock.
 */
bool quota_page_made(void);
void quota_page_gone(void);

/*
 * Counts n more records. Returns false and counts nothing if the limit is reached.
 * quota_records_gone() undoes it.
 */
bool quota_records_made(unsigned n);
void quota_records_gone(unsigned n);

/*
 * A file's index has `now` nodes, of which `counted` are counted. The difference counts, whatever the
 * limit is: it holds for the next page.
 */
void quota_nodes_changed(size_t counted, size_t now);
/*
 * An object's index has changed: counts the difference between its nodes and *counted, and updates that. Call with
 * object->lock held.
 */
void quota_count_index(const struct object *object, size_t *counted);

/* Returns how many records `size` bytes from kmalloc() are. */
unsigned quota_records_of(size_t size);
