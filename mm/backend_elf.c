/* SPDX-License-Identifier: MIT */
/* A segment of an ELF file: the file's pages, the last filled up with zeros, then zeros. */
#include "lib/string.h"
#include "mm/fault.h"
#include "mm/page_cache.h"

/* Bytes of the page at va that are the file's. */
static size_t file_bytes(vaddr_t va, vaddr_t file_end)
{
	if (va >= file_end)
		return 0;
	return MIN(file_end - va, PAGE_SIZE);
}

/* The page where the file's bytes end: a private one from the start, whatever the access. */
static int elf_fill_last(struct fault *fault, size_t bytes)
{
	int result = object_page(fault->object, fault->index, &fault->source, fault->wait);
	char *to;

	if (result)
		return result;
	to = fault_spare_address(fault);
	memcpy(to, page_address(fault->source), bytes);
	memset(to + bytes, 0, PAGE_SIZE - bytes);
	return 0;
}

static int elf_fill(struct fault *fault)
{
	size_t bytes = file_bytes(fault->va, fault->file_end);

	if (bytes == 0)
		return vma_anon.fill(fault);
	if (bytes == PAGE_SIZE)
		return vma_object_private.fill(fault);
	return elf_fill_last(fault, bytes);
}

/* The page where the file ends is never at hand: it has to be made. */
static void elf_at_hand(const struct vma *vma, vaddr_t va, struct page **pages, unsigned n)
{
	size_t whole = va < vma->file_end ? (vma->file_end - va) >> PAGE_SHIFT : 0;
	unsigned of_file = (unsigned)MIN(whole, n);

	vma_object_private.at_hand(vma, va, pages, of_file);
	for (unsigned i = of_file; i < n; i++)
		pages[i] = va + i * PAGE_SIZE >= vma->file_end ? zero_page : NULL;
}

const struct vma_backend vma_elf = {
	.name = "elf",
	.fill = elf_fill,
	.at_hand = elf_at_hand,
};
