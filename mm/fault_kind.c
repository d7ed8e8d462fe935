/* Tells what kind of fault it is. */
#include "mm/fault_kind.h"

/*
 * The case table. The code below is in its order; the first that applies is the kind.
 *
 * (look-up)    the address is in no VMA: a stack grows (mm/grow.c), then the table applies; else DENY_MAPERR
 * DENY_ACCERR  the VMA forbids the access
 * ACCESSED     the entry's rights allow it, but it is RESIDENT, or A is 0, or D is 0 on a write: set them. Also a read
 *              or fetch that the VMA allows and the entry does not: mprotect only lessens entries, so they may lag
 *              behind a VMA that was given rights back
 * SPURIOUS     the entry allows it, with A, and with D on a write
 * WP           a write-protection mark
 * SWAPPED      the entry, or the object's index, holds a swap slot
 * FILL         the entry is empty
 * REUSE        write to a private anonymous page: one map, and pinned, or not in the swap cache, or alone there
 * COW          any other write to a private mapping
 * REMAP        first write to a shared object page
 */

static bool holds_page(const struct fault_facts *f)
{
	return f->entry_state == ENTRY_PRESENT || f->entry_state == ENTRY_RESIDENT;
}

/* Would the hardware let the access through? => the entry holds a page and its rights allow it */
static bool is_complete(const struct fault_facts *f, unsigned wanted)
{
	if (f->entry_state == ENTRY_RESIDENT || !(f->entry_flags & ENTRY_ACCESSED))
		return false;
	return !(wanted & RIGHT_WRITE) || (f->entry_flags & ENTRY_DIRTY);
}

/* => a write to a private mapping, the entry holds a page */
static bool is_last_holder(const struct fault_facts *f)
{
	if (f->page_kind != PAGE_ANON || f->maps != 1)
		return false;
	if (f->page_flags & FACT_PINNED)
		return true;
	return !(f->page_flags & FACT_SWAP_CACHED) || (f->page_flags & FACT_SWAP_ALONE);
}

enum fault_kind fault_classify(const struct fault_facts *f)
{
	unsigned wanted = fault_wanted(f->access, f->vma_rights, f->vma_shared);

	if (wanted & ~f->vma_rights)
		return FAULT_DENY_ACCERR;
	if (holds_page(f)) {
		if (!(wanted & ~f->entry_rights))
			return is_complete(f, wanted) ? FAULT_SPURIOUS : FAULT_ACCESSED;
		if (!(wanted & RIGHT_WRITE))
			return FAULT_ACCESSED;
	}
	if (f->entry_state == ENTRY_MARK || (f->entry_flags & ENTRY_WP))
		return FAULT_WP;
	if (f->entry_state == ENTRY_SWAP || (f->entry_state == ENTRY_EMPTY && f->index_swapped))
		return FAULT_SWAPPED;
	if (f->entry_state == ENTRY_EMPTY)
		return FAULT_FILL;
	if (!f->vma_shared)
		return is_last_holder(f) ? FAULT_REUSE : FAULT_COW;
	return FAULT_REMAP;
}

const char *fault_kind_name(enum fault_kind kind)
{
	static const char *const names[FAULT_KINDS] = {
		[FAULT_DENY_MAPERR] = "DENY_MAPERR", [FAULT_DENY_ACCERR] = "DENY_ACCERR",
		[FAULT_ACCESSED] = "ACCESSED",	     [FAULT_SPURIOUS] = "SPURIOUS",
		[FAULT_WP] = "WP",		     [FAULT_SWAPPED] = "SWAPPED",
		[FAULT_FILL] = "FILL",		     [FAULT_REUSE] = "REUSE",
		[FAULT_COW] = "COW",		     [FAULT_REMAP] = "REMAP",
	};

	return kind < FAULT_KINDS ? names[kind] : "?";
}
