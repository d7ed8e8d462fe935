/* The door into another address space: a page of it, reached by the direct map. */
#include "mm/hold.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/install.h"

/* The page behind va if its entry allows the access as it stands; NULL. */
static struct page *hold_look(struct space *space, vaddr_t va, unsigned access)
{
	struct page *page = NULL;
	struct mmu_entry *slot;
	struct vma *vma;

	spin_lock(&space->lock);
	vma = vma_find(space, va);
	slot = vma && !space->dying ? arch_mmu_lookup(&space->mmu, va) : NULL;
	if (slot && fault_judge(access, vma, entry_load(slot)) == FAULT_SPURIOUS) {
		page = pfn_to_page(entry_pfn(entry_load(slot)));
		page_get(page);
	}
	spin_unlock(&space->lock);
	return page;
}

/* One turn of the fault path. 0: look again */
static int hold_fault(struct space *space, vaddr_t va, unsigned access)
{
	struct vm_wait wait;
	int result = vm_fault(space, va, access, 0, &wait);

	switch (result) {
	case 0:
		return 0;
	case VM_WAIT:
		return mm_host.pause(&wait);
	case VM_OOM:
		return -ENOMEM;
	default:
		return -EFAULT;
	}
}

int vm_hold(struct space *space, vaddr_t va, unsigned access, struct page **page_ret)
{
	access |= ACCESS_REMOTE;
	lockorder_assert_none_spinning();
	for (;;) {
		struct page *page = hold_look(space, va, access);
		int result;

		if (page) {
			*page_ret = page;
			return 0;
		}
		result = hold_fault(space, va, access);
		if (result)
			return result;
	}
}

/* Copies within one page: `out`: to the space. */
static int copy_in_page(struct space *space, vaddr_t va, void *bytes, size_t n, bool out)
{
	struct page *page;
	char *there;
	int result = vm_hold(space, va, out ? RIGHT_WRITE : RIGHT_READ, &page);

	if (result)
		return result;
	there = (char *)page_address(page) + (va & PAGE_MASK);
	if (out)
		memcpy(there, bytes, n);
	else
		memcpy(bytes, there, n);
	page_put(page);
	return 0;
}

static int copy_pages(struct space *space, vaddr_t va, char *bytes, size_t n, bool out)
{
	while (n) {
		size_t part = MIN(n, PAGE_SIZE - (va & PAGE_MASK));
		int result = copy_in_page(space, va, bytes, part, out);

		if (result)
			return result;
		va += part;
		bytes += part;
		n -= part;
	}
	return 0;
}

int vm_copy_to(struct space *space, vaddr_t to, const void *from, size_t n)
{
	return copy_pages(space, to, (char *)from, n, true);
}

int vm_copy_from(struct space *space, void *to, vaddr_t from, size_t n)
{
	return copy_pages(space, from, to, n, false);
}
