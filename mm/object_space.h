/* SPDX-License-Identifier: MIT */
/* The room that an object's bytes take: had ahead, and given back in the middle. */
#pragma once

#include "mm/object.h"

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

/* Does anybody map it so that it can be written to, now or after mprotect? */
bool object_has_writable_maps(struct object *object);
