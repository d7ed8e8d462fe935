/* SPDX-License-Identifier: MIT */
/* Tells what kind of fault it is, from what is known of access, VMA, entry and page alone. */
#pragma once

#include "arch/entry.h"
#include "lib/types.h"
#include "mm/phys/page.h"

/*
 * The case table. fault_classify() below is in its order; the first that applies is the kind.
 *
 * (look-up)    the address is in no VMA: a stack grows (mm/stack_grow.c), then the table applies; else
 *              DENY_MAPERR
 * DENY_ACCERR  the VMA forbids the access
 * ACCESSED     the entry's permissions allow it, but it is RESIDENT, or A is 0, or D is 0 on a write:
 * set
 *              them. Also a read or fetch that the VMA allows and the entry does not: mprotect
 *              raises few entries, the others lag behind a VMA that was given permissions back
 * SPURIOUS     the entry allows it, with A, and with D on a write
 * WP           a write-protection mark
 * SWAPPED      the entry, or the object's index, holds a swap slot
 * FILL         the entry is empty
 * REUSE        write to a private anonymous page: one map, and pinned, or nobody else has a reference
 *              to it and it is not in the swap cache, or alone there
 * COW          any other write to a private mapping
 * REMAP        first write to a shared object page
 */

/*
 * Beside VM_PROT_* in an access: not an access of the program, but pages filled before there is
 * one. Private writable memory gets pages of its own then, as for a write. (Other bits are the
 * caller's own, and are ignored.)
 */
#define ACCESS_POPULATE 64u

/* DENY_MAPERR is the look-up's own answer. */
enum fault_kind {
	FAULT_DENY_MAPERR,
	FAULT_DENY_ACCERR,
	FAULT_ACCESSED,
	FAULT_SPURIOUS,
	FAULT_WP,
	FAULT_SWAPPED,
	FAULT_FILL,
	FAULT_REUSE,
	FAULT_COW,
	FAULT_REMAP,
	FAULT_KINDS
};

/* fault_facts.page_flags */
#define FACT_PINNED	 1u
#define FACT_SWAP_CACHED 2u /* in the swap cache, */
#define FACT_SWAP_ALONE	 4u /* and there alone: no other holder of the slot, no I/O */

struct fault_facts {
	unsigned access; /* VM_PROT_*, ACCESS_POPULATE */
	unsigned vma_prot;
	bool vma_shared;
	bool index_swapped; /* the object's index holds a swap slot */
	enum entry_state entry_state;
	unsigned entry_prot;
	unsigned entry_flags; /* ENTRY_* */
	/* of the page that the entry holds: PRESENT and RESIDENT only */
	enum page_kind page_kind; /* PAGE_ZERO, PAGE_ANON or PAGE_OBJECT */
	unsigned page_flags;	  /* FACT_* */
	uint32_t maps;
	uint32_t refs; /* its entries among them, the swap cache not */
};

/* Populating writable private memory counts as a write: what an access comes to. */
static inline unsigned fault_wanted(unsigned access, unsigned vma_prot, bool vma_shared)
{
	if ((access & ACCESS_POPULATE) && (vma_prot & VM_PROT_WRITE) && !vma_shared)
		access |= VM_PROT_WRITE;
	return access & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC);
}

static inline bool facts_hold_page(const struct fault_facts *f)
{
	return f->entry_state == ENTRY_PRESENT || f->entry_state == ENTRY_RESIDENT;
}

/* Would the hardware let the access through? => the entry holds a page and its permissions allow it */
static inline bool facts_are_complete(const struct fault_facts *f, unsigned wanted)
{
	if (f->entry_state == ENTRY_RESIDENT || !(f->entry_flags & ENTRY_ACCESSED))
		return false;
	return !(wanted & VM_PROT_WRITE) || (f->entry_flags & ENTRY_DIRTY);
}

/* => a write to a private mapping, the entry holds a page */
static inline bool facts_last_user(const struct fault_facts *f)
{
	if (f->page_kind != PAGE_ANON || f->maps != 1)
		return false;
	if (f->refs != 1) /* who has it besides the entry writes to it, or reads it */
		return f->page_flags & FACT_PINNED;
	return (f->page_flags & (FACT_PINNED | FACT_SWAP_ALONE)) ||
	       !(f->page_flags & FACT_SWAP_CACHED);
}

/* Pure: no lock, no allocation, no side effect. Inline, for it stands in the hot path twice. */
static inline enum fault_kind fault_classify(const struct fault_facts *f)
{
	unsigned wanted = fault_wanted(f->access, f->vma_prot, f->vma_shared);

	if (wanted & ~f->vma_prot)
		return FAULT_DENY_ACCERR;
	if (facts_hold_page(f)) {
		if (!(wanted & ~f->entry_prot))
			return facts_are_complete(f, wanted) ? FAULT_SPURIOUS : FAULT_ACCESSED;
		if (!(wanted & VM_PROT_WRITE))
			return FAULT_ACCESSED;
	}
	if (f->entry_state == ENTRY_MARK || (f->entry_flags & ENTRY_WP))
		return FAULT_WP;
	if (f->entry_state == ENTRY_SWAP || (f->entry_state == ENTRY_EMPTY && f->index_swapped))
		return FAULT_SWAPPED;
	if (f->entry_state == ENTRY_EMPTY)
		return FAULT_FILL;
	if (!f->vma_shared)
		return facts_last_user(f) ? FAULT_REUSE : FAULT_COW;
	return FAULT_REMAP;
}

/* As in the case table, for reports. */
const char *fault_kind_name(enum fault_kind kind);
