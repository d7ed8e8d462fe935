/* SPDX-License-Identifier: MIT */
/* mincore and msync: tell which mapped pages are resident, and check a range to write back. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/space/large_entry.h"
#include "mm/swap/swap_cache.h"
#include "mm/verbs.h"

/* Pages that mincore looks at in one hold of the space's lock. */
#define QUERY_PIECE 64

/* For an address whose entry is empty: does the object have the page that a read would map? */
static bool is_resident(const struct vma *vma, vaddr_t va)
{
	struct page *page = NULL;

	if (!vma->object)
		return false;
	spin_lock(&vma->object->lock);
	vma_resident(vma, va, &page, 1);
	spin_unlock(&vma->object->lock);
	return index_is_page(page) && page != zero_page;
}

/* The caller holds the space's lock. */
static bool present(const struct vma *vma, vaddr_t va)
{
	struct mmu_entry entry = entry_at(vma->space, va);

	if (entry_has_page(entry))
		return true;
	if (!entry_is_blank(entry))
		return swap_has_page(entry_swap_slot(entry));
	return is_resident(vma, va);
}

/* So many pages from va on have their entries in one table, or are of one large entry. */
static size_t pages_of_table_from(vaddr_t va)
{
	return MMU_LEAF_ENTRIES - (va >> PAGE_SHIFT) % MMU_LEAF_ENTRIES;
}

/* Of these, so many are looked at one by one in one hold of the lock. */
static size_t query_piece_at(vaddr_t va)
{
	return MIN(pages_of_table_from(va), (size_t)QUERY_PIECE);
}

ssize_t vm_mincore(struct space *space, vaddr_t addr, size_t npages, uint8_t *result)
{
	struct vma *vma;
	bool known;

	assert_hardened(mm_host.mmap_locked(space));
	vma = vma_find(space, addr);
	if (!vma)
		return -ENOMEM;
	known = object_may_know_cached(vma->object); /* else, as on Linux, all seem to be there */
	npages = MIN(npages, (vma->end - addr) >> PAGE_SHIFT);
	for (size_t i = 0; i < npages;) {
		const vaddr_t va = addr + i * PAGE_SIZE;
		const struct mmu_entry *slot;
		size_t end;
		bool all;

		space_lock(space);
		slot = arch_mmu_lookup(&space->mmu, va);
		all = !known || (space->large && arch_mmu_lookup_large(&space->mmu, va));
		end = MIN(npages, i + (all ? pages_of_table_from(va) : query_piece_at(va)));
		if (all)
			memset(&result[i], true, end - i);
		for (size_t at = i; at < end && !all; at++)
			result[at] = (slot && entry_has_page(entry_load(&slot[at - i]))) ||
				     present(vma, addr + at * PAGE_SIZE);
		i = end;
		space_unlock(space);
	}
	return (ssize_t)npages;
}

/* Finds errors only, in Linux's order. */
int vm_sync(struct space *space, vaddr_t addr, size_t len, unsigned flags)
{
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	int holes = 0;

	assert_hardened(mm_host.mmap_locked(space));
	if (end < addr)
		return -ENOMEM;
	while (addr < end) {
		struct vma *vma = vma_find_next(space, addr);

		if (!vma || vma->start >= end)
			return -ENOMEM;
		if (vma->start > addr) {
			if (flags == MS_ASYNC)
				return -ENOMEM;
			holes = -ENOMEM;
		}
		if ((flags & MS_INVALIDATE) && (vma->flags & VMA_LOCKED))
			return -EBUSY;
		addr = vma->end;
	}
	return holes;
}
