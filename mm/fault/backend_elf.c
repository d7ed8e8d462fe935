/* SPDX-License-Identifier: MIT */
/* A segment of an ELF file: the file's pages, the last one filled up with zeros, then zeros. */
#include "mm/fault/fault.h"
#include "mm/fault/zero_page.h"
#include "mm/object/page_cache.h"

/* The number of bytes of the page at va that come from the file. */
static size_t file_bytes(vaddr_t va, vaddr_t file_end)
{
	if (va >= file_end)
		return 0;
	return MIN(file_end - va, PAGE_SIZE);
}

/* The page where the file's bytes end is private from the start, whatever the access is. */
static enum vm_outcome get_last(struct fault *fault, size_t nbytes)
{
	const struct vma_attr *vma = &fault->attr;
	struct page *source = object_page_locked(vma->object, vma_attr_index(vma, fault->va));

	return source ? fault_get_copy(fault, page_to_pfn(source), nbytes) : fault_need_page(fault);
}

static enum vm_outcome elf_get(struct fault *fault)
{
	size_t nbytes = file_bytes(fault->va, fault->attr.file_end);

	if (nbytes == 0)
		return vma_anon.get(fault);
	if (nbytes == PAGE_SIZE)
		return vma_object_private.get(fault);
	return get_last(fault, nbytes);
}

/* The page where the file ends is in no object, so it is never resident: it has to be made. */
static void elf_resident(const struct vma_attr *vma, vaddr_t va, struct page **pages, unsigned n)
{
	size_t whole = va < vma->file_end ? (vma->file_end - va) >> PAGE_SHIFT : 0;
	unsigned of_file = (unsigned)MIN(whole, n);

	vma_object_private.resident(vma, va, pages, of_file);
	for (unsigned i = of_file; i < n; i++)
		pages[i] = va + i * PAGE_SIZE >= vma->file_end ? zero_page : NULL;
}

const struct vma_backend vma_elf = {
	.name = "elf",
	.get = elf_get,
	.resident = elf_resident,
};
