/* SPDX-License-Identifier: MIT */
/* The classifier: the kind of a fault, by facts about the access, the VMA, the entry and the page. */
#pragma once

#include "arch/entry.h"
#include "lib/types.h"
#include "mm/fault/fault_kind.h"
#include "mm/phys/page.h"

/*
 * The case table. fault_classify() below follows its order: the first that applies is the kind.
 *
 * (look-up)    No VMA has the address. A stack grows (mm/fault/stack_grow.c), and then the table applies;
 *              otherwise it is DENY_MAPERR.
 * DENY_ACCERR  The VMA forbids the access.
 * USER_WP      A write to a page that its program has write-protected (userfaultfd).
 * ACCESSED     The entry's permissions allow the access, but the entry is RESIDENT, or A is 0, or D
 *              is 0 on a write: set them. Also a read or fetch that the VMA allows and the entry
 *              does not: when mprotect adds permissions, it upgrades only few entries itself.
 * SPURIOUS     The entry allows the access, with A set, and with D set on a write.
 * SWAPPED      The entry holds a swap slot.
 * FILL         The entry is empty. (Those that are MARKED or POISONED count as empty: what becomes of the fault is up to a backend of
 *              their own, that of registered memory.)
 * REUSE        A write to a private anonymous page that only this entry maps, if it is pinned,
 *              or has no other reference and is not in the swap cache, or is alone there.
 * COW          Any other write to a private mapping.
 * REMAP        The first write to a page of a shared object.
 */

/* fault_facts.page_flags */
#define FACT_PINNED	 1u
#define FACT_SWAP_CACHED 2u /* in the swap cache */
#define FACT_SWAP_ALONE	 4u /* in the swap cache, and no entry refers to the slot */

struct fault_facts {
	unsigned access; /* VM_PROT_* and ACCESS_POPULATE */
	unsigned vma_prot;
	bool vma_shared;
	enum entry_state entry_state; /* EMPTY stands for MARKED and POISONED, too */
	unsigned entry_prot;
	unsigned entry_flags; /* ENTRY_* */
	/* About the entry's page, if the entry is PRESENT or RESIDENT: */
	enum page_kind page_kind; /* PAGE_ZERO, PAGE_ANON or PAGE_OBJECT */
	unsigned page_flags;	  /* FACT_* */
	uint32_t maps;
	uint32_t refs; /* its entries included, the swap cache not */
};

/* Returns the VM_PROT_* that an access needs: VM_PROT_WRITE alone for a write. To populate writable private memory is one. */
static inline unsigned fault_wanted(unsigned access, unsigned vma_prot, bool vma_shared)
{
	if ((access & ACCESS_POPULATE) && (vma_prot & VM_PROT_WRITE) && !vma_shared)
		return VM_PROT_WRITE;
	return access & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC);
}

static inline bool facts_hold_page(const struct fault_facts *f)
{
	return f->entry_state == ENTRY_PRESENT || f->entry_state == ENTRY_RESIDENT;
}

/* Does the hardware allow the access? The entry has a page and the permissions. */
static inline bool facts_are_complete(const struct fault_facts *f, unsigned wanted)
{
	if (f->entry_state == ENTRY_RESIDENT || !(f->entry_flags & ENTRY_ACCESSED))
		return false;
	return !(wanted & VM_PROT_WRITE) || (f->entry_flags & ENTRY_DIRTY);
}

/* May a write to a private mapping go to the page itself? The entry has a page. */
static inline bool facts_last_user(const struct fault_facts *f)
{
	if (f->page_kind != PAGE_ANON || f->maps != 1)
		return false;
	if (f->refs != 1) /* the other references are pins, or are there to read the page */
		return f->page_flags & FACT_PINNED;
	return (f->page_flags & (FACT_PINNED | FACT_SWAP_ALONE)) ||
	       !(f->page_flags & FACT_SWAP_CACHED);
}

/* A pure function: no lock, no allocation, no side effect. Inline: the hot path calls it twice. */
static inline enum fault_kind fault_classify(const struct fault_facts *f)
{
	unsigned wanted = fault_wanted(f->access, f->vma_prot, f->vma_shared);

	if (wanted & ~f->vma_prot)
		return FAULT_DENY_ACCERR;
	if (facts_hold_page(f)) {
		if (!(wanted & ~f->entry_prot)) {
			if (wanted & VM_PROT_WRITE && (f->entry_flags & ENTRY_WP) == ENTRY_WP)
				return FAULT_USER_WP; /* of which entry_prot has W */
			return facts_are_complete(f, wanted) ? FAULT_SPURIOUS : FAULT_ACCESSED;
		}
		if (!(wanted & VM_PROT_WRITE))
			return FAULT_ACCESSED;
	}
	if (f->entry_state == ENTRY_SWAP)
		return FAULT_SWAPPED;
	if (f->entry_state == ENTRY_EMPTY)
		return FAULT_FILL;
	if (!f->vma_shared)
		return facts_last_user(f) ? FAULT_REUSE : FAULT_COW;
	return FAULT_REMAP;
}
