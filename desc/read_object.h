/* SPDX-License-Identifier: MIT */
/* The read and write slots of regular files: their bytes are those of an object. */
#pragma once

#include "desc/user_iter.h"
#include "lib/bits.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"

/* read_object() and write_object() of other memory than one piece of the program's. */
ssize_t read_object_pieces(struct object *object, struct user_iter *to, uint64_t *pos);
ssize_t write_object_pieces(struct object *object, struct user_iter *from, uint64_t pos, size_t n);

/*
 * Reads from *pos on, and advances both. A read at or beyond the end does not access the buffer, so
 * that is 0 whatever the buffer is. Returns as a read slot of struct file_ops does.
 */
static inline ssize_t read_object(struct object *object, struct user_iter *to, uint64_t *pos)
{
	uint64_t size = object_size(object);
	ssize_t got = 0;
	size_t n;

	if (unlikely(to->len != to->left))
		return read_object_pieces(object, to, pos);
	n = *pos < size ? MIN(user_iter_span(to), size - *pos) : 0;
	if (n != 0)
		got = object_read(object, *pos, to->base, n);
	if (got > 0) {
		user_iter_advance(to, (size_t)got);
		*pos += (uint64_t)got;
	}
	return got;
}

/*
 * Writes n bytes at pos, at most from->left, and advances the iterator. Returns how many were written, or a negative errno. Call
 * with what keeps the object's size, as object_write().
 */
static inline ssize_t write_object(struct object *object, struct user_iter *from, uint64_t pos,
				   size_t n)
{
	ssize_t put;

	if (unlikely(from->len != from->left))
		return write_object_pieces(object, from, pos, n);
	n = MIN(n, user_iter_span(from));
	put = object_write(object, pos, from->base, n);
	if (put > 0)
		user_iter_advance(from, (size_t)put);
	return put;
}
