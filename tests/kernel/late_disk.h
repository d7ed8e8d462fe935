/* SPDX-License-Identifier: MIT */
/* A disk in memory whose requests end late, in any order, and badly at times: by the weave's seed. */
#pragma once

#include "base/block.h"

#define LATE_DISK_PAGES 40u

/* Makes the disk, all zeros. Returns NULL if there is no memory. */
struct block_device *late_disk_begin(void);
void late_disk_end(void);

/*
 * A thread of the weave that ends the requests, until there are none and is_wanted() returns false;
 * late_disk_look() makes it ask. One in `errors` fails; 0: none. While nobody serves the disk, each
 * request ends as it is submitted, and well.
 */
void late_disk_serve(bool (*is_wanted)(void), unsigned errors);
void late_disk_look(void);

/* Makes a disk, this one or another, an area for swap of so many pages, as mkswap does. Returns false if that fails. */
bool late_disk_format(struct block_device *disk, uint32_t npages);

/*
 * Requests that ended so far: those that ended before older ones, and those that failed. And what
 * must not be: pages that were written while an older write of them was under way.
 */
struct late_disk_counts {
	uint64_t ended, overtaken, failed, clashes;
};
extern struct late_disk_counts late_disk_counts;
