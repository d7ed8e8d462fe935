/* SPDX-License-Identifier: MIT */
/* The fake TLB: what a hart may still believe after a table was changed. */
#pragma once

#include "arch/mmu.h"

void fake_tlb_fill(paddr_t root, vaddr_t va, struct mmu_entry entry, bool large);
void fake_tlb_drop(paddr_t root, vaddr_t va);
void fake_tlb_drop_space(paddr_t root);
bool fake_tlb_misses_table(paddr_t root, vaddr_t va);	  /* believed missing */
struct mmu_entry fake_tlb_find(paddr_t root, vaddr_t va); /* EMPTY: not there */
