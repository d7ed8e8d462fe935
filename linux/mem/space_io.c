/* SPDX-License-Identifier: MIT */
/* Copies from and to another space, a page of it at a time. */
#include "linux/mem/space_io.h"

#include "linux/mem/peek.h"
#include "mm/host.h"

static size_t rest_of_page(vaddr_t at, size_t n)
{
	return MIN(n, PAGE_SIZE - (at & PAGE_MASK));
}

int space_read(struct space *space, vaddr_t at, size_t n, struct user_iter *to, char *page,
	       bool forced, size_t *done_ret)
{
	int err = 0;

	for (*done_ret = 0; n != 0 && err == 0;) {
		size_t part = rest_of_page(at, n), copied;

		err = forced ? vm_peek(space, page, at, part)
			     : vm_copy_from_mapped(space, page, at, part);
		if (err)
			return err == -EFAULT ? -EIO : err;
		copied = user_iter_copy_out(to, page, part);
		*done_ret += copied;
		at += part;
		n -= part;
		err = copied != part ? -EFAULT : vm_pause();
	}
	return n == 0 && err == -EINTR ? 0 : err;
}

/* Writes what is in one page or two. Adds to *done_ret, also if it fails at the second. */
static int space_write_part(struct space *space, vaddr_t at, const char *from, size_t n,
			    bool forced, size_t *done_ret)
{
	int err = 0;

	while (n != 0 && err == 0) {
		size_t piece = rest_of_page(at, n);

		err = forced ? vm_poke(space, at, from, piece)
			     : vm_copy_to_mapped(space, at, from, piece);
		*done_ret += err ? 0 : piece;
		at += piece;
		from += piece;
		n -= piece;
	}
	return err == -EFAULT ? -EIO : err;
}

/* As on Linux, what is `forced` goes by parts of PAGE_SIZE bytes, of which none is written if it cannot be read to its end. */
int space_write(struct space *space, vaddr_t at, size_t n, struct user_iter *from, char *page,
		bool forced, size_t *done_ret)
{
	int err = 0;

	for (*done_ret = 0; n != 0 && err == 0;) {
		size_t part = forced ? MIN(n, PAGE_SIZE) : rest_of_page(at, n);
		size_t copied = user_iter_copy_in(from, page, part);

		if (forced && copied != part)
			return -EFAULT;
		err = space_write_part(space, at, page, copied, forced, done_ret);
		if (err)
			return err;
		at += part;
		n -= part;
		err = copied != part ? -EFAULT : vm_pause();
	}
	return n == 0 && err == -EINTR ? 0 : err;
}
