/* SPDX-License-Identifier: MIT */
/* Page size, user address range and direct map of the architecture. */
#pragma once

#include "lib/types.h"

/*
 * arch-impl/page.h supplies:
 *   PAGE_SHIFT, PAGE_SIZE, PAGE_MASK
 *   USER_BASE, USER_TOP           user addresses lie in [USER_BASE, USER_TOP)
 *   VMAP_BASE, VMAP_TOP           kernel addresses that arch_mmu_map_kernel() may map
 *   PHYS_TOP                      the direct map covers physical addresses below it
 *   MMU_LEAF_ENTRIES              entries of a leaf table
 *   MMU_LEVELS                    levels of tables, the root included
 *   void *arch_phys_to_virt(paddr_t)         the direct-map address of RAM
 *   paddr_t arch_virt_to_phys(const void *)  the reverse, for direct-map addresses only
 *   void arch_page_zero(void *page), void arch_page_copy(void *to, const void *from)
 *                                 whole pages by direct-map address, unrolled
 */
#include "arch-impl/page.h"

typedef uint64_t pfn_t; /* a frame number: physical address >> PAGE_SHIFT */

static inline pfn_t paddr_to_pfn(paddr_t pa)
{
	return pa >> PAGE_SHIFT;
}

/* Bytes that a large entry maps: as many as a leaf table. */
#define MMU_LARGE_SIZE (MMU_LEAF_ENTRIES * PAGE_SIZE)

static inline paddr_t pfn_to_paddr(pfn_t pfn)
{
	return (paddr_t)pfn << PAGE_SHIFT;
}
