/* SPDX-License-Identifier: MIT */
/* The read slot of regular files: their bytes are those of an object. */
#pragma once

#include "desc/user_iter.h"
#include "lib/bits.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"

/*
 * Reads from *pos on, and advances both. A read at or beyond the end does not access the buffer, so
 * that is 0 whatever the buffer is. Returns as a read slot of struct file_ops does.
 */
static inline ssize_t read_object(struct object *object, struct user_iter *to, uint64_t *pos)
{
	ssize_t done = 0, got = 0;
	size_t span;

	if (unlikely(to->kernel)) {
		got = object_read_kernel(object, *pos, to->kernel, to->left);
		if (got > 0) {
			user_iter_advance_kernel(to, (size_t)got);
			*pos += (uint64_t)got;
		}
		return got;
	}
	while ((span = user_iter_span(to)) != 0) {
		uint64_t size = object_size(object);

		span = *pos < size ? MIN(span, size - *pos) : 0;
		if (span == 0)
			break;
		got = object_read(object, *pos, to->base, span);
		if (got <= 0)
			break;
		user_iter_advance(to, (size_t)got);
		*pos += (uint64_t)got;
		done += got;
		if ((size_t)got != span)
			break;
	}
	return done != 0 ? done : got;
}
