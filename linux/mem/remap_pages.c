/* SPDX-License-Identifier: MIT */
/* remap_file_pages: maps other pages of the same object. As on Linux, what comes out are mappings of their own. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "linux/mem/mem.h"
#include "mm/host.h"

/*
 * As on Linux, what a descriptor for reading only has mapped does not count as shared, while sealed memory does. Device
 * memory stays where it is.
 */
static bool may_remap(const struct vma *vma)
{
	return vma_is_shared(vma) &&
	       (vma->max_prot & VM_PROT_WRITE || vma->flags & VMA_WRITE_SEALED) &&
	       !vma->object->ops->unevictable;
}

/* Whether all of the range is mapped as its first page is, by VMAs without a hole between them. */
static bool is_alike(const struct vma *first, vaddr_t end)
{
	const struct vma *vma = first, *next;

	while (vma->end < end) {
		next = vma_next((struct vma *)vma);
		if (!next || next->start != vma->end || next->object != first->object ||
		    next->flags != first->flags || next->prot != first->prot ||
		    next->max_prot != first->max_prot)
			return false;
		vma = next;
	}
	return true;
}

int vm_remap_pages(struct space *space, vaddr_t addr, size_t len, uint64_t index, uint64_t flags)
{
	struct map_request request = { .flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE };
	const struct vma *vma;
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	addr = ALIGN_DOWN(addr, PAGE_SIZE);
	len = ALIGN_DOWN(len, PAGE_SIZE);
	if (addr + len <= addr || index + (len >> PAGE_SHIFT) < index)
		return -EINVAL;
	vma = vma_find(space, addr);
	if (!vma || !may_remap(vma) || !is_alike(vma, addr + len))
		return -EINVAL;
	if (index > OBJECT_SIZE_MAX >> PAGE_SHIFT)
		return -EOVERFLOW;
	request.addr = addr;
	request.len = len;
	request.prot = vma->prot;
	request.max_prot = vma->max_prot;
	request.object = vma->object;
	request.offset = index << PAGE_SHIFT;
	request.vma_flags = vma->flags & (VMA_WRITER | VMA_WRITE_SEALED);
	if (vma->flags & VMA_LOCKED)
		request.flags |= MAP_LOCKED;
	request.flags |= (unsigned)flags & MAP_NONBLOCK;
	/* These mappings may be the only ones, and go before the new one is there. */
	object_use(request.object);
	result = vm_map(space, &request, &addr);
	object_unuse(request.object);
	return result;
}
