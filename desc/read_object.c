/* SPDX-License-Identifier: MIT */
/* Transfers between an object and memory in pieces: each page of the object is found once, however many segments it goes to. */
#include "desc/read_object.h"

#include "abi/errno.h"
#include "mm/host.h"

/* Up to the end of a page. Returns as read_object(). */
static ssize_t object_read_page(struct object *object, struct user_iter *to, uint64_t pos)
{
	struct page *page;
	ssize_t lent = object_lend(object, pos, to->left, &page);
	size_t went;

	if (lent <= 0)
		return lent;
	if (page) {
		went = user_iter_copy_out(to, object_bytes_at(page, pos), (size_t)lent);
		page_put(page);
	} else {
		went = user_iter_clear(to, (size_t)lent);
	}
	return went != 0 ? (ssize_t)went : -EFAULT;
}

/* The page itself; or zeros, where there is none. Returns as read_object(). */
static ssize_t object_read_lent(struct object *object, struct user_iter *to, uint64_t *pos)
{
	struct page *page;
	ssize_t lent = object_lend(object, *pos, to->left, &page);

	if (lent <= 0)
		return lent;
	if (page)
		to->kernel = object_bytes_at(page, *pos);
	else
		(void)user_iter_clear(to, (size_t)lent);
	to->lent = page;
	*pos += (uint64_t)lent;
	return lent;
}

ssize_t read_object_pieces(struct object *object, struct user_iter *to, uint64_t *pos)
{
	ssize_t done = 0, got = 0;

	if ((to->rwf & RWF_LEND) && to->left != 0)
		return object_read_lent(object, to, pos);
	while (to->left != 0) {
		got = done ? vm_pause() : 0;
		if (got == 0)
			got = object_read_page(object, to, *pos);
		if (got <= 0)
			break;
		*pos += (uint64_t)got;
		done += got;
	}
	return done ?: got;
}

/* What comes behind the last page makes the object grow: one segment after the other. Returns as write_object(). */
static ssize_t object_write_behind(struct object *object, struct user_iter *from, uint64_t pos,
				   size_t n)
{
	ssize_t put;

	if (from->kernel) {
		put = object_write_kernel(object, pos, from->kernel, n);
		if (put > 0)
			user_iter_advance_kernel(from, (size_t)put);
		return put;
	}
	n = MIN(n, user_iter_span(from)); /* which finds the segment */
	put = object_write(object, pos, from->base, n);
	if (put > 0)
		user_iter_advance(from, (size_t)put);
	return put;
}

/* Up to the end of a page, or of a segment. Returns as write_object(). */
static ssize_t object_write_page(struct object *object, struct user_iter *from, uint64_t pos,
				 size_t n)
{
	struct lent_page page;
	ssize_t lent = object_lend_writable(object, pos, n, &page);
	size_t went;
	int err;

	if (lent == 0)
		return object_write_behind(object, from, pos, n);
	if (lent < 0)
		return lent;
	went = user_iter_copy_in(from, object_bytes_at(page.page, pos), (size_t)lent);
	err = object_written(object, &page, pos, went);
	if (err)
		return err;
	return went != 0 ? (ssize_t)went : -EFAULT;
}

ssize_t write_object_pieces(struct object *object, struct user_iter *from, uint64_t pos, size_t n)
{
	ssize_t done = 0, put = 0;

	while ((size_t)done < n) {
		put = done ? vm_pause() : 0;
		if (put == 0)
			put = object_write_page(object, from, pos + (uint64_t)done,
						n - (size_t)done);
		if (put <= 0)
			break;
		done += put;
	}
	return done ?: put;
}
