/* SPDX-License-Identifier: MIT */
/* Page table entries of Sv39 (privileged spec, sections 4.3 and 4.4). */
#pragma once

#include "lib/types.h"

#define PTE_V	    (1ul << 0)
#define PTE_R	    (1ul << 1)
#define PTE_W	    (1ul << 2)
#define PTE_X	    (1ul << 3)
#define PTE_U	    (1ul << 4)
#define PTE_G	    (1ul << 5)
#define PTE_A	    (1ul << 6)
#define PTE_D	    (1ul << 7)
#define PTE_BEYOND  (~0ul << 54) /* Svnapot, Svpbmt and reserved bits: none of them may be set */
#define PTE_PPN	    (((1ul << 44) - 1) << 10)
#define PTE_LEAF    (PTE_R | PTE_W | PTE_X)
#define PTE_ENTRIES 512u

#define LEVELS	  3u /* level 0 has the entries of 4 KiB pages */
#define PAGE_SIZE 4096ul

/* The bytes that an entry of a level maps. */
static inline uint64_t level_size(unsigned level)
{
	return PAGE_SIZE << 9 * level;
}

static inline unsigned level_index(uint64_t va, unsigned level)
{
	return (unsigned)(va >> (12 + 9 * level) & (PTE_ENTRIES - 1));
}

static inline bool pte_is_leaf(uint64_t pte)
{
	return (pte & PTE_LEAF) != 0;
}

static inline uint64_t pte_address(uint64_t pte)
{
	return (pte & PTE_PPN) >> 10 << 12;
}

static inline uint64_t pte_of(uint64_t address)
{
	return address >> 12 << 10;
}

/* Bits 63 to 39 of an address equal bit 38. */
static inline uint64_t va_canonical(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 25) >> 25);
}

static inline bool va_is_canonical(uint64_t va)
{
	return va_canonical(va) == va;
}
