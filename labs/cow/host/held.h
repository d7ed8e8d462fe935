/* SPDX-License-Identifier: MIT */
/* Pages that the kernel reads or writes by their frames, for the programs of this folder. */
#ifndef LABS_COW_HOST_HELD_H
#define LABS_COW_HOST_HELD_H

#include "pages.h"

#include "mm/fault/get_user_page.h"

#define HELD 3 /* every third page has a holder */

static struct page *held[1024];

static void hold(struct space *space, size_t n, unsigned access)
{
	assert_true(n <= ARRAY_SIZE(held));
	for (size_t i = 0; i < n; i += HELD)
		assert_int_equal(0, get_user_page(space, page_at(i), access, &held[i]));
}

static void release(struct space *space, size_t n, unsigned access)
{
	for (size_t i = 0; i < n; i += HELD)
		put_user_page(space, held[i], access);
}

/* The kernel writes to the frames that are held. */
static void write_frames(uint64_t seed, size_t n)
{
	for (size_t i = 0; i < n; i += HELD)
		*(unsigned char *)page_address(held[i]) = byte(seed, i);
}

#endif
