/* SPDX-License-Identifier: MIT */
/* The size of an object and the room that its bytes take: truncated, had ahead, given back in the middle. */
#pragma once

#include "mm/object.h"

/*
 * Sets the size. Smaller: pages beyond go, the tail of the last is zeroed, mappings and private
 * copies of what is beyond go too (size first, then index, then maps). 0, or -EFBIG. => no spinning
 * lock held; the file's waiting lock held; may pause
 */
int object_set_size(struct object *object, uint64_t size);

/*
 * Zeros from `from`, at or behind the end, up to `to` in the last page, for those who map it and for a later growth.
 * => size cannot change
 */
void object_zero_tail(struct object *object, uint64_t from, uint64_t to);

/*
 * Sees to it that each page of [start, end) is there; beyond the size it is kept for later, or
 * raises it where `grow` says so. 0; -ENOSPC, -EIO, -EINTR: size and pages are as before.
 * => no spinning lock held; the file's waiting lock held; pauses
 */
int object_allocate(struct object *object, uint64_t start, uint64_t end, bool grow);

/*
 * Makes [start, end) zeros as far as the size goes, and frees the pages that nobody has in hand;
 * private copies stay. 0 or negative errno. => as above
 */
int object_punch(struct object *object, uint64_t start, uint64_t end);
