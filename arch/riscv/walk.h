/* SPDX-License-Identifier: MIT */
/* Over the tables of a space. */
#pragma once

#include "arch/mmu.h"
#include "arch/riscv/sv39.h"

/* What was stored before is seen before what is stored after. */
static inline void pte_fence(void)
{
	__asm__ volatile("fence w, w" ::: "memory");
}

static inline void pte_publish(pte_t *slot, pte_t pte)
{
	pte_fence();
	*(volatile pte_t *)slot = pte;
}

static inline pte_t *mmu_root(const struct mmu *mmu)
{
	return arch_phys_to_virt(mmu->root);
}

/*
 * Finds the next leaf table from *va on: the middle entry that names it, *va moved into what it
 * covers. NULL: none before end.
 */
pte_t *walk_next_leaf(struct mmu *mmu, vaddr_t *va, vaddr_t end);
