/* SPDX-License-Identifier: MIT */
/* Large entries (superpages): made for a sweep or on advice, and the faults on them. */
#pragma once

#include "mm/fault/fault.h"
#include "mm/fault/thp_mode.h"
#include "mm/phys/reservation.h"
#include "mm/space/large_entry.h"
#include "sync/atomic.h"

/*
 * For FILL where the table of the address is missing, of memory without an object. Returns false if neither is there a large
 * entry, nor shall there be one. Else *outcome_ret is the outcome of the round. The caller is as for install_fill().
 */
bool large_resolve(struct fault *fault, enum vm_outcome *outcome_ret);

void large_at_border_found(struct fault *fault, vaddr_t base);

/*
 * A page has been filled for a write, in a VMA that may have large entries. Is it the first of a table, or the last for a sweep downwards, and
 * has the block beside it been written in full? Then fault->swept is that, if it can have become full page by page, and fault->into the
 * page's own block, if that has nothing but zeros yet and lies whole in the VMA. Else they are 0. The caller is as for run_begin().
 */
static inline void large_at_border(struct fault *fault)
{
	const vaddr_t base = large_base(fault->va);

	fault->swept = fault->into = 0;
	if ((fault->va == base || fault->va == base + MMU_LARGE_SIZE - PAGE_SIZE) &&
	    !fault->space->recorded && /* the journal knows of no collapse */
	    (!(fault->prepared && fault->prepared->needed & FAULT_NEEDS_TABLES) ||
	     reservation_count())) /* else large_resolve() has looked */
		large_at_border_found(fault, base);
}

/* May large_resolve() return true? Not in a round that comes after one in which it did not, and that had no table. */
static inline bool large_may_resolve(const struct fault *fault)
{
	const unsigned needed = fault->prepared ? fault->prepared->needed : 0;

	return fault->space->large ||
	       (atomic_load_relaxed(&thp_mode) != THP_NEVER &&
		(needed & (FAULT_NEEDS_TABLES | FAULT_NEEDS_BLOCK)) != FAULT_NEEDS_TABLES);
}
