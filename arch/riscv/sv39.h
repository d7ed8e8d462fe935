/* SPDX-License-Identifier: MIT */
/* Sv39: the bits of a page-table entry, and the parts of an address. */
#pragma once

#include "arch/page.h"
#include "arch/riscv/layout.h"
#include "lib/types.h"

#define PTE_V	      0x1ul
#define PTE_R	      0x2ul
#define PTE_W	      0x4ul
#define PTE_X	      0x8ul
#define PTE_U	      0x10ul
#define PTE_G	      0x20ul
#define PTE_A	      0x40ul
#define PTE_D	      0x80ul
#define PTE_RWX	      (PTE_R | PTE_W | PTE_X)
#define PTE_PPN_SHIFT 10

#define TABLE_ENTRIES 512u
#define INDEX_BITS    9

/* A and D are set from the start, so that kernel pages never fault for them. */
#define PTE_KERNEL (PTE_V | PTE_G | PTE_A | PTE_D)

typedef uint64_t pte_t;

/* Bytes that one entry covers: of a root, a middle and a leaf table. */
#define ROOT_SHIFT   30
#define MIDDLE_SHIFT 21
#define ROOT_SPAN    (1ul << ROOT_SHIFT)
#define MIDDLE_SPAN  (1ul << MIDDLE_SHIFT)

static inline unsigned root_index(vaddr_t va)
{
	return (va >> ROOT_SHIFT) & (TABLE_ENTRIES - 1);
}

static inline unsigned middle_index(vaddr_t va)
{
	return (va >> MIDDLE_SHIFT) & (TABLE_ENTRIES - 1);
}

static inline unsigned leaf_index(vaddr_t va)
{
	return (va >> PAGE_SHIFT) & (TABLE_ENTRIES - 1);
}

static inline pte_t pte_leaf(paddr_t pa, pte_t bits)
{
	return (pa >> PAGE_SHIFT << PTE_PPN_SHIFT) | bits;
}

/* Is it, in a middle table of a space, neither empty nor a large entry, whose U is set? */
static inline bool pte_is_table(pte_t pte)
{
	return (pte & (PTE_V | PTE_U)) == PTE_V;
}

/* A pointer to a table has V only. */
static inline pte_t pte_table(paddr_t table)
{
	return (table >> PAGE_SHIFT << PTE_PPN_SHIFT) | PTE_V;
}

static inline paddr_t pte_table_paddr(pte_t pte)
{
	return (pte << (PAGE_SHIFT - PTE_PPN_SHIFT)) - (PTE_V << (PAGE_SHIFT - PTE_PPN_SHIFT));
}

static inline pte_t *pte_table_at(pte_t pte)
{
	return arch_phys_to_virt(pte_table_paddr(pte));
}
