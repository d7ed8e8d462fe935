/* From an address to its entry. */
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

/* The leaf entry of va; NULL: its table is missing. => va is below USER_TOP */
static inline pte_t *walk_leaf(const struct mmu *mmu, vaddr_t va)
{
	pte_t root = mmu_root(mmu)[va >> ROOT_SHIFT];
	pte_t middle;

	if (!root)
		return NULL;
	middle = pte_table_at(root)[middle_index(va)];
	return middle ? &pte_table_at(middle)[leaf_index(va)] : NULL;
}

/*
 * Finds the next leaf table from *va on: the middle entry that names it, *va moved into what it
 * covers. NULL: none before end.
 */
pte_t *walk_next_leaf(struct mmu *mmu, vaddr_t *va, vaddr_t end);
