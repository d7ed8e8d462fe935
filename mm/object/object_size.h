/* SPDX-License-Identifier: MIT */
/* The size of an object and the room its bytes take: truncation, preallocation, holes. */
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
 * Sets the size of an object all of whose bytes are read by ops->read_page, and which another party
 * has changed. Pages beyond the new end go, as with object_set_size(); those that were added are
 * read. What is cached below stays. Returns and preconditions are those of object_set_size().
 */
int object_set_backed(struct object *object, uint64_t size);

/*
 * Zeroes the bytes from `from`, which is at or beyond the end, up to `to`, as far as they are in
 * the page of `from`: mappings show these bytes, and so would a later growth. Returns 0 or a
 * negative errno. Call while the size cannot change.
 */
int object_zero_tail(struct object *object, uint64_t from, uint64_t to);

/*
 * Preallocates the pages of [start, end). Pages beyond the size stay for later growth; with
 * `grow`, the size is raised to include them. Returns 0, or -ENOSPC, -EIO or -EINTR with size and
 * pages as before. Call with no spinning lock held and the file's mutex held; calls vm_pause().
 */
int object_allocate(struct object *object, uint64_t start, uint64_t end, bool grow);

/*
 * Zeroes [start, end) as far as the size goes, and frees the pages in it that are not in use at the
 * moment. Private copies stay. Returns 0 or a negative errno. For locks, see object_allocate();
 * calls vm_pause().
 */
int object_punch(struct object *object, uint64_t start, uint64_t end);
