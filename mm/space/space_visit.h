/* SPDX-License-Identifier: MIT */
/* Walks of a space's page tables in pieces, each in one hold of the space's lock. */
#pragma once

#include "mm/space/space.h"

/*
 * Each call is one piece. `visit` is called with `arg` for each leaf table, as by
 * arch_mmu_visit(). It keeps in `arg` where the next piece starts, and ends this one by returning another value than 0. The
 * caller pauses between two pieces.
 *
 * space_visit_piece() takes the lock for its piece. Returns true if `visit` has ended it before `end`.
 */
bool space_visit_piece(struct space *space, vaddr_t start, vaddr_t end, mmu_visit_fn visit,
		       void *arg);
/*
 * space_visit_vmas() visits what has been touched of the VMAs for which `wants` returns true, from *next on, which `visit`
 * changes too. It looks at `nvmas` VMAs at most. Returns false at the end of the space. Call with the lock held.
 */
bool space_visit_vmas(struct space *space, vaddr_t *next, unsigned nvmas,
		      bool (*wants)(void *arg, struct vma *vma), mmu_visit_fn visit, void *arg);
