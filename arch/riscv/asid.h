/* SPDX-License-Identifier: MIT */
/* Address-space numbers (ASIDs), by which TLBs tell the entries of spaces apart: so that a switch flushes nothing. */
/*
 * A space gets a number when a hart switches to it, and keeps it as long as the generation lasts. When all numbers are
 * given, the next generation begins: spaces that harts run, or switch to, keep theirs, all others get new ones, and each
 * hart flushes all of its TLB before its next switch. If there is none even so, the space has no number: it runs with 0,
 * as the kernel's own tables do, and each switch to it flushes what has 0. Where harts have no ASIDs, all do.
 */
#pragma once

#include "arch/mmu.h"

/* Of struct mmu, before it has a number and while there is none. No generation has this number. */
#define ASID_NO_GENERATION UINT64_MAX

/* Finds out how many bits this hart keeps of a number. At boot, before there are spaces. Returns them. */
unsigned asid_probe(void);

/* Waits until nobody looks at the space any more. No hart runs it, and none will. */
void asid_forget(const struct mmu *mmu);

/* What satp has for a space with that root and number. */
uint64_t asid_satp(paddr_t root, uint64_t number);

/* Fences what this hart has of a number: all but global entries, or those of one address. */
static inline void asid_fence(uint64_t number)
{
	__asm__ volatile("sfence.vma zero, %0" ::"r"(number) : "memory");
}

static inline void asid_fence_address(vaddr_t va, uint64_t number)
{
	__asm__ volatile("sfence.vma %0, %1" ::"r"(va), "r"(number) : "memory");
}
