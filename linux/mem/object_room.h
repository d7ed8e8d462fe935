/* SPDX-License-Identifier: MIT */
/* The room that an object's bytes take: preallocation, and sizes that another party has set. */
#pragma once

#include "mm/object/object.h"

/*
 * Sets the size of an object all of whose bytes are read by ops->read_page, and which another party
 * has changed. Pages beyond the new end go, as with object_set_size(); those that were added are
 * read. What is cached below stays. Returns and preconditions are those of object_set_size().
 */
int object_set_backed(struct object *object, uint64_t size);

/*
 * Preallocates the pages of [start, end). Pages beyond the size stay for later growth; with
 * `grow`, the size is raised to include them. Returns 0, or -ENOSPC, -EIO or -EINTR with size and
 * pages as before. Call with no spinning lock held and the file's mutex held; calls vm_pause().
 */
int object_allocate(struct object *object, uint64_t start, uint64_t end, bool grow);
