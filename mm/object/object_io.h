/* SPDX-License-Identifier: MIT */
/* Reads and writes an object's bytes through its pages. */
#pragma once

#include "mm/object/object.h"
#include "mm/phys/page.h"

/*
 * Read or write n bytes at pos; the other side is user memory, which may fault, or kernel memory.
 * Return the number of bytes done, which is 0 for reads at the end of the object, or a negative
 * errno if nothing was done. A write beyond the end raises the size as it goes. It fails with
 * -ENOSPC if there is no memory for that, and with -EFBIG if pos is OBJECT_SIZE_MAX or more. They
 * call vm_pause() between pages, and fail with -EINTR if the thread was killed. If there is no
 * memory for a page within the size, relieve() decides. Call with no spinning lock held, and for
 * writes with the file's mutex held.
 */
ssize_t object_read(struct object *object, uint64_t pos, vaddr_t user_to, size_t n);
ssize_t object_write(struct object *object, uint64_t pos, vaddr_t user_from, size_t n);
ssize_t object_read_kernel(struct object *object, uint64_t pos, void *to, size_t n);
ssize_t object_write_kernel(struct object *object, uint64_t pos, const void *from, size_t n);

/* A page that is lent for a write. */
struct lent_page {
	struct page *page; /* with a reference */
	bool is_new; /* it is for a hole, and nobody else knows it yet; what is not written has no content */
	uint64_t truncations; /* of the object, before the hole was found */
};

/*
 * For transfers that are not to one piece of memory: one page at a time, whose bytes the caller copies or refers to. Return how
 * many of n bytes (not 0) from pos on are in one page, and that page with a reference in *page_ret; or a negative errno. Preconditions and errors are as above,
 * and the caller calls vm_pause().
 *
 * object_lend() is for reads: 0 at the end of the object. NULL: there is no page, and the bytes are zeros.
 * object_lend_writable() is for writes within the pages that the size takes: 0 beyond these, where
 * object_write() knows what to do. object_written() takes over the page, with `went` bytes written at pos. It raises
 * the size to their end, and returns 0 or a negative errno. A hole gets its page only here, and stays one if
 * nothing was written.
 */
ssize_t object_lend(struct object *object, uint64_t pos, size_t n, struct page **page_ret);
ssize_t object_lend_writable(struct object *object, uint64_t pos, size_t n, struct lent_page *ret);
int object_written(struct object *object, const struct lent_page *lent, uint64_t pos, size_t went);

/* Where the byte at a position is in its page. */
static inline void *object_bytes_at(struct page *page, uint64_t pos)
{
	return (char *)page_address(page) + (pos & PAGE_MASK);
}

/*
 * As object_page(), but waits for the bytes of the page and for memory. `spare`: no process is
 * killed for it. Returns 0, or a negative errno: -EINTR if the thread was killed. Call with no
 * spinning lock held.
 */
int object_page_wait(struct object *object, uint64_t index, struct page **page_ret, bool spare);
