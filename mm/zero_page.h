/* SPDX-License-Identifier: MIT */
/* The one page of zeros that all share who read memory that was never written (R50). */
#pragma once

#include "mm/fault.h"

/* For get(): the fault gets the zero page. Always 0. */
static inline int zero_page_get(struct fault *fault)
{
	fault->page = NULL;
	return 0;
}

/*
 * What maps it: to be read, or run, and marked so that a write is COW. Nobody counts such entries:
 * the page never goes, and it is nobody's resident memory.
 */
static inline struct mmu_entry zero_page_entry(const struct vma *vma)
{
	return entry_make(zero_pfn, vma->prot & ~VM_PROT_WRITE, ENTRY_ACCESSED | ENTRY_COW);
}
