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

int space_write(struct space *space, vaddr_t at, size_t n, struct user_iter *from, char *page,
		bool forced, size_t *done_ret)
{
	int err = 0;

	for (*done_ret = 0; n != 0 && err == 0;) {
		size_t part = rest_of_page(at, n);
		size_t copied = user_iter_copy_in(from, page, part);

		err = forced ? vm_poke(space, at, page, copied)
			     : vm_copy_to_mapped(space, at, page, copied);
		if (err)
			return err == -EFAULT ? -EIO : err;
		*done_ret += copied;
		at += part;
		n -= part;
		err = copied != part ? -EFAULT : vm_pause();
	}
	return n == 0 && err == -EINTR ? 0 : err;
}
