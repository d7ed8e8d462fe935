/* SPDX-License-Identifier: MIT */
/* The fake machine's pages: physical memory is an arena of the test's own process. */
#pragma once

#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ul << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

#define USER_BASE 0x1000ul
#define USER_TOP  (1ul << 38)
#ifndef PHYS_TOP
#define PHYS_TOP ((paddr_t)1 << 37)
#endif

#define MMU_LEAF_ENTRIES 512
#define MMU_LEVELS	 3

/* Frame numbers start here, so that a frame number is never mistaken for an index. */
#define FAKE_PHYS_BASE (1ul << 31)

/* Set by fake_arena_init(). */
extern unsigned char *fake_arena;
extern size_t fake_arena_size;
extern vaddr_t fake_vmap;

#define VMAP_SIZE (1ul << 30)
#define VMAP_BASE fake_vmap
#define VMAP_TOP  (fake_vmap + VMAP_SIZE)

void *fake_phys_to_virt(paddr_t pa);	  /* aborts outside the arena */
paddr_t fake_virt_to_phys(const void *p); /* likewise */

static inline void *arch_phys_to_virt(paddr_t pa)
{
	return fake_phys_to_virt(pa);
}

static inline paddr_t arch_virt_to_phys(const void *p)
{
	return fake_virt_to_phys(p);
}

/* What happens while a page is zeroed or copied, which takes a while; NULL: nothing. */
extern void (*fake_meanwhile)(void);

static inline void arch_page_zero(void *page)
{
	if (fake_meanwhile)
		fake_meanwhile();
	__builtin_memset(page, 0, PAGE_SIZE);
}

/* Called once, after the next copy of a page; may be NULL. */
extern void (*fake_page_copied)(void);

static inline void arch_page_copy(void *to, const void *from)
{
	void (*then)(void) = fake_page_copied;

	if (fake_meanwhile)
		fake_meanwhile();
	__builtin_memcpy(to, from, PAGE_SIZE);
	fake_page_copied = NULL;
	if (then)
		then();
}
