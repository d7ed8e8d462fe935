/* SPDX-License-Identifier: MIT */
/* mseal: memory that stays mapped as it is, with its permissions, for as long as the space exists. */
#include "abi/errno.h"
#include "linux/mem/mem.h"
#include "mm/host.h"
#include "mm/space/vma_modify.h"

/* The caller holds the mmap lock. */
static bool range_is_mapped(struct space *space, vaddr_t start, vaddr_t end)
{
	while (start < end) {
		struct vma *vma = vma_find(space, start);

		if (!vma)
			return false;
		start = vma->end;
	}
	return true;
}

int vm_seal(struct space *space, vaddr_t addr, size_t len)
{
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE), stop;

	assert_hardened(mm_host.mmap_locked(space));
	if (!IS_ALIGNED(addr, PAGE_SIZE) || end < addr || (len && end == addr))
		return -EINVAL;
	if (!range_is_mapped(space, addr, end))
		return -ENOMEM;
	space->ever_sealed = true;
	for (; addr < end; addr = stop) {
		struct vma *vma = vma_find(space, addr);
		int result;

		stop = MIN(vma->end, end);
		result = vma_modify_flags(vma, addr, stop, vma->flags | VMA_SEALED);
		if (result)
			return result;
		(void)vm_pause();
	}
	return 0;
}
