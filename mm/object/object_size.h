/* SPDX-License-Identifier: MIT */
/* The size of an object and the room its bytes take: truncation, holes. */
#pragma once

#include "mm/object/object.h"

/*
 * Sets the size. If it shrinks, the pages beyond the new end are removed, the rest of the last page
 * is zeroed, and mappings of what was cut off are unmapped, private copies included (first the
 * size, then the index, then the mappings). Returns 0; -EFBIG; or -EIO, -ENOMEM or -EINTR if the
 * last page is in swap and cannot be brought in: the size is as before. Call with no spinning lock
 * held and the file's mutex held; calls vm_pause().
 */
int object_set_size(struct object *object, uint64_t size);

/*
 * Zeroes the bytes from `from`, which is at or beyond the end, up to `to`, as far as they are in
 * the page of `from`: mappings show these bytes, and so would a later growth. Returns 0 or a
 * negative errno. Call while the size cannot change.
 */
int object_zero_tail(struct object *object, uint64_t from, uint64_t to);

/*
 * Zeroes [start, end) as far as the size goes, and frees the pages in it that are not in use at the
 * moment. Private copies stay. Returns 0 or a negative errno. Call with no spinning lock held
 * and the file's mutex held; calls vm_pause().
 */
int object_punch(struct object *object, uint64_t start, uint64_t end);
