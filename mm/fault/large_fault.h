/* SPDX-License-Identifier: MIT */
/* Large entries (superpages): made for a sweep or on advice, and the faults on them. */
#pragma once

#include "mm/fault/fault.h"
#include "mm/fault/thp_mode.h"
#include "sync/atomic.h"

/*
 * For FILL where the table of the address is missing, of memory without an object. Returns false if neither is there a large
 * entry, nor shall there be one. Else *outcome_ret is the outcome of the round. The caller is as for install_fill().
 */
bool large_resolve(struct fault *fault, enum vm_outcome *outcome_ret);

/* May large_resolve() return true? Not in a round that comes after one in which it did not, and that had no table. */
static inline bool large_may_resolve(const struct fault *fault)
{
	const unsigned needed = fault->prepared ? fault->prepared->needed : 0;

	return fault->space->large ||
	       (atomic_load_relaxed(&thp_mode) != THP_NEVER &&
		(needed & (FAULT_NEEDS_TABLES | FAULT_NEEDS_BLOCK)) != FAULT_NEEDS_TABLES);
}
