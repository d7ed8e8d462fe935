/* SPDX-License-Identifier: MIT */
/* The fake machine's local fence, and its entries found and written. */
#pragma once

#include "arch/entry.h"
#include "lib/types.h"

/* Drops the running space's entry for va from the fake TLB. */
void arch_mmu_fence_local(vaddr_t va);

/* Drops all of the running space's, and what fake_tlb_miss_table() left. */
void arch_mmu_fence_local_all(void);

/* How often arch_mmu_sync_text() was called. */
extern uint64_t fake_text_syncs;

static inline void arch_mmu_sync_text(struct mmu *mmu)
{
	(void)mmu;
	fake_text_syncs++;
}

void arch_mmu_map(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry);
size_t arch_mmu_map_same(struct mmu_entry *slot, vaddr_t va, long step, size_t n,
			 struct mmu_entry entry);
bool arch_mmu_map_first(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry);

struct mmu_entry *arch_mmu_lookup(const struct mmu *mmu, vaddr_t va);
struct mmu_entry *arch_mmu_lookup_large(const struct mmu *mmu, vaddr_t va);
