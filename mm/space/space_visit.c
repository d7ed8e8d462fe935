/* SPDX-License-Identifier: MIT */
/* Walks of a space's page tables in pieces, each in one hold of the space's lock. */
#include "mm/space/space_visit.h"

#include "lib/bits.h"
#include "mm/space/space_lock.h"
#include "mm/space/vma.h"

bool space_visit_piece(struct space *space, vaddr_t start, vaddr_t end, mmu_visit_fn visit,
		       void *arg)
{
	int more;

	space_lock(space);
	more = arch_mmu_visit(&space->mmu, start, end, visit, arg);
	space_unlock(space);
	return more != 0;
}

bool space_visit_vmas(struct space *space, vaddr_t *next, unsigned nvmas,
		      bool (*wants)(void *arg, struct vma *vma), mmu_visit_fn visit, void *arg)
{
	assert_hardened(spin_lock_held(&space->lock));
	for (unsigned i = 0; i < nvmas; i++) {
		struct vma *vma = vma_find_next(space, *next);
		vaddr_t from;

		if (!vma)
			return false;
		from = MAX(*next, vma->touched_start);
		if (from < vma->touched_end && wants(arg, vma) &&
		    arch_mmu_visit(&space->mmu, from, vma->touched_end, visit, arg))
			return true;
		*next = vma->end;
	}
	return true;
}
