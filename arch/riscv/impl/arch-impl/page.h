/* SPDX-License-Identifier: MIT */
/* RISC-V: page size, Sv39's user half and the direct map. */
#pragma once

#include "arch/riscv/layout.h"
#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ul << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

#define USER_BASE ((vaddr_t)LAYOUT_USER_BASE)
#define USER_TOP  ((vaddr_t)LAYOUT_USER_TOP)
#define VMAP_BASE ((vaddr_t)LAYOUT_VMAP_BASE)
#define VMAP_TOP  ((vaddr_t)LAYOUT_VMAP_TOP)
#define PHYS_TOP  ((paddr_t)DIRECT_MAP_SIZE)

#define MMU_LEAF_ENTRIES 512
#define MMU_LEVELS	 3

static inline void *arch_phys_to_virt(paddr_t pa)
{
	return (void *)(pa + DIRECT_MAP_BASE);
}

static inline paddr_t arch_virt_to_phys(const void *address)
{
	return (paddr_t)address - DIRECT_MAP_BASE;
}

/* pagecopy.S */
void arch_page_zero(void *page);
void arch_page_copy(void *to, const void *from);
