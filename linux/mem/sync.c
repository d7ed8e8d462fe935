/* SPDX-License-Identifier: MIT */
/* Finds what an msync() has to write. */
#include "linux/mem/mem.h"
#include "mm/host.h"
#include "mm/object/object.h"

bool vm_sync_next(struct space *space, vaddr_t *addr, vaddr_t end, struct vm_shown *ret)
{
	struct vma *vma = vma_find_next(space, *addr);
	vaddr_t from;

	assert_hardened(mm_host.mmap_locked(space));
	while (vma && vma->start < end && !(vma_writes_object(vma) && vma->object->ops->sync))
		vma = vma_next(vma);
	if (!vma || vma->start >= end)
		return false;
	from = MAX(vma->start, *addr);
	*addr = MIN(vma->end, end);
	ret->start = vma->offset + (from - vma->start);
	ret->end = ret->start + (*addr - from);
	ret->object = vma->object;
	object_use(ret->object);
	return true;
}
