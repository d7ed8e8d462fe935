/* SPDX-License-Identifier: MIT */
/* Access to the memory of another address space for /proc/PID/mem, debuggers and core files. */
#include "linux/mem/peek.h"

#include "mm/fault/fault.h"
#include "mm/space/large_entry.h"

int vm_copy_to_mapped(struct space *space, vaddr_t to, const void *from, size_t n)
{
	return vm_copy_pages(space, to, (void *)from, n, true, ACCESS_NO_GROW);
}

int vm_copy_from_mapped(struct space *space, void *to, vaddr_t from, size_t n)
{
	return vm_copy_pages(space, from, to, n, false, ACCESS_NO_GROW);
}

/* The program may be about to run what was written, on any hart. */
int vm_poke(struct space *space, vaddr_t to, const void *from, size_t n)
{
	int err = vm_copy_pages(space, to, (void *)from, n, true, ACCESS_FORCE | ACCESS_NO_ASK);

	arch_mmu_sync_text(&space->mmu);
	return err;
}

int vm_peek(struct space *space, void *to, vaddr_t from, size_t n)
{
	return vm_copy_pages(space, from, to, n, false, ACCESS_FORCE | ACCESS_NO_ASK);
}

/* Is it neither unwritten zeros nor registers? */
static bool is_content(const struct page *page)
{
	return page != zero_page && page_kind(page) != PAGE_DEVICE;
}

struct page *user_page_if_any(struct space *space, vaddr_t va)
{
	struct page *page = NULL;
	struct mmu_entry entry = ENTRY_NONE;
	const struct vma *vma;

	space_lock(space);
	vma = vma_find(space, va);
	if (vma)
		entry = entry_at(space, va);
	if (entry_has_page(entry))
		page = pfn_to_page(entry_pfn(entry));
	if (page && is_content(page)) {
		page_get(page);
		large_note_ref_at(space, va);
	}
	space_unlock(space);
	if (page)
		return is_content(page) ? page : NULL;
	if (!vma || (entry_is_blank(entry) && !vma->object) ||
	    get_user_page(space, va, VM_PROT_READ, &page))
		return NULL;
	if (is_content(page))
		return page;
	put_user_page(space, page, VM_PROT_READ);
	return NULL;
}
