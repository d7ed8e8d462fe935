/* SPDX-License-Identifier: MIT */
/* The zero page: one page that backs all private memory that was never written (R50). */
#pragma once

#include "mm/fault/fault.h"

/* For get(): resolves the fault with the zero page. Returns VM_OK. */
static inline enum vm_outcome zero_page_get(struct fault *fault)
{
	fault->page = NULL;
	return VM_OK;
}

static inline bool entry_is_zero_page(struct mmu_entry entry)
{
	return entry_has_page(entry) && entry_pfn(entry) == zero_pfn;
}

/*
 * The entry that maps the zero page in a VMA with these permissions: never writable, and marked so
 * that a write is COW. Such entries are not counted: the page is never freed, and it is not resident
 * memory of any space.
 */
static inline struct mmu_entry zero_page_entry(unsigned prot)
{
	return entry_make(zero_pfn, prot & ~VM_PROT_WRITE, ENTRY_ACCESSED | ENTRY_COW);
}
