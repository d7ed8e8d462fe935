/* SPDX-License-Identifier: MIT */
/* Walks the kernel's page tables as the hardware does. */
#include "options.h"
#include "pte.h"
#include "strict.h"

bool pte_permits(uint64_t pte, enum access access, enum privilege privilege)
{
	uint64_t status = csr_read(mstatus);

	if (access == SPECULATIVE || access == LOOK)
		return true;
	if (privilege == USER && !(pte & PTE_U))
		return false;
	if (privilege == SUPERVISOR && pte & PTE_U &&
	    (access == EXECUTE || !(status & MSTATUS_SUM)))
		return false;
	switch (access) {
	case READ:
		return pte & PTE_R || (pte & PTE_X && status & MSTATUS_MXR);
	case WRITE:
		return (pte & PTE_W) != 0;
	case EXECUTE:
		return (pte & PTE_X) != 0;
	case SPECULATIVE:
	case LOOK:
		break;
	}
	return false;
}

/*
 * Sets A, and D for a write, in an entry that lacks them. Returns false if the options have software
 * do that. Otherwise *pte is what the entry is then.
 */
static bool bits_set(uint64_t *slot, uint64_t *pte, enum access access)
{
	uint64_t wanted = PTE_A | (access == WRITE ? PTE_D : 0);

	if ((*pte & wanted) == wanted || access == LOOK)
		return true;
	if (options.ad == AD_FAULT || (access == SPECULATIVE && options.ad != AD_SPECULATIVE))
		return false;
	*pte = __atomic_or_fetch(slot, wanted, __ATOMIC_RELAXED);
	return true;
}

/* Is it an entry whose bits mean something, at this level? */
static bool is_well_formed(uint64_t pte, unsigned level)
{
	if (!(pte & PTE_V) || pte & PTE_BEYOND || (pte & (PTE_R | PTE_W)) == PTE_W)
		return false;
	if (!pte_is_leaf(pte))
		return level > 0 && !(pte & (PTE_A | PTE_D | PTE_U));
	return pte_address(pte) % level_size(level) == 0;
}

enum walk_result walk(uint64_t satp, uint64_t va, enum access access, enum privilege privilege,
		      struct mapping *mapping)
{
	uint64_t table = satp_root(satp), pte, *slot;
	unsigned level = LEVELS;

	*mapping = (struct mapping){ 0 };
	if (!va_is_canonical(va))
		return WALK_PAGE_FAULT;
	do {
		level--;
		if (!is_kernel_ram(table, PAGE_SIZE))
			return WALK_ACCESS_FAULT;
		slot = (uint64_t *)table + level_index(va, level);
		pte = __atomic_load_n(slot, __ATOMIC_RELAXED);
		mapping->pte = pte;
		mapping->level = level;
		mapping->well_formed = is_well_formed(pte, level);
		mapping->slots[level] = slot;
		if (!mapping->well_formed)
			return WALK_PAGE_FAULT;
		table = pte_address(pte);
	} while (!pte_is_leaf(pte));
	if (!pte_permits(pte, access, privilege) || !bits_set(slot, &mapping->pte, access))
		return WALK_PAGE_FAULT;
	return WALK_OK;
}
