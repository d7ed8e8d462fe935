/* SPDX-License-Identifier: MIT */
/* Walks over the page tables of a space. */
#pragma once

#include "arch/mmu.h"
#include "arch/riscv/sv39.h"

/* Earlier stores become visible before later ones. */
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
 * Finds the next leaf table from *va on. Returns the middle entry that points to it, and moves *va
 * into the range it covers. Returns NULL if there is none before end.
 */
pte_t *walk_next_leaf(struct mmu *mmu, vaddr_t *va, vaddr_t end);
