/* SPDX-License-Identifier: MIT */
/* Copies between the memory of a space that need not be the running one and what a read or write is given. */
#pragma once

#include "desc/user_iter.h"
#include "mm/space/space.h"

/*
 * Copy n bytes from or to the space at `at`, by way of `page`: PAGE_SIZE bytes of the caller's, so that no page is pinned
 * while the other memory is waited for. `forced`: as vm_peek() and vm_poke(), else as vm_copy_*_mapped(). n is at most iter->left.
 *
 * *done_ret: how many bytes were copied. Return 0, or why these are not all: -EIO, of the space's memory; -EFAULT, of the
 * iter's; -ENOMEM or -EINTR. The caller has a reference to the space, and holds no spinning lock.
 */
int space_read(struct space *space, vaddr_t at, size_t n, struct user_iter *to, char *page,
	       bool forced, size_t *done_ret);
int space_write(struct space *space, vaddr_t at, size_t n, struct user_iter *from, char *page,
		bool forced, size_t *done_ret);
