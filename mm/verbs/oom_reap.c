/* SPDX-License-Identifier: MIT */
/* The OOM reaper: frees the private memory of a killed process without waiting for the process. */
#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/space/tlb_gather.h"
#include "mm/verbs.h"

/* Shared VMAs that one piece may pass. */
#define PASS_VMAS 256

/* Clears one piece. Returns where to continue, or USER_TOP. The caller holds the space's lock. */
static vaddr_t reap_piece(struct gather *gather, vaddr_t start)
{
	struct vma *vma = vma_find_next(gather->space, start);
	vaddr_t reached = USER_TOP;

	for (unsigned n = 0; n < PASS_VMAS && vma && vma_is_shared(vma); n++)
		vma = vma_next(vma);
	if (vma && vma_is_shared(vma))
		reached = vma->start;
	else if (vma)
		reached = gather_zap(gather, vma, MAX(start, vma->start), vma->end);
	gather_fence(gather);
	return reached;
}

void vm_oom_reap(struct space *space)
{
	struct gather gather;
	vaddr_t start = 0;

	space_lock(space);
	space->dying = true;
	space_unlock(space);
	while (start < USER_TOP) {
		gather_init(&gather, space);
		space_lock(space);
		start = reap_piece(&gather, start);
		space_unlock(space);
		gather_free(&gather);
		(void)vm_pause();
	}
}
