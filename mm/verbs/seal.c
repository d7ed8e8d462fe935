/* SPDX-License-Identifier: MIT */
/* Sealed memory: VMAs that stay mapped as they are, with their permissions, for as long as the space exists. */
#include "mm/verbs/seal.h"

bool seal_in_range(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find_next(space, start);

	while (vma && vma->start < end && !(vma->flags & VMA_SEALED))
		vma = vma_next(vma);
	return vma && vma->start < end;
}
