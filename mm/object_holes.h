/* SPDX-License-Identifier: MIT */
/* Where an object has pages, and where holes: for SEEK_DATA and SEEK_HOLE. */
#pragma once

#include "mm/object.h"

/*
 * Return the first byte from `from` on that lies in a page that is there, in memory or swap or still to
 * be read; or that lies in none. It may be beyond the size. Call with no spinning lock held;
 * object_next_hole() calls vm_pause().
 */
uint64_t object_next_data(struct object *object, uint64_t from);
uint64_t object_next_hole(struct object *object, uint64_t from);
