/* SPDX-License-Identifier: MIT */
/* UFFDIO_MOVE: a program resolves a fault with a page of its own memory, which is not copied. */
#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/userfault.h"
#include "mm/host.h"
#include "mm/phys/table_pages.h"
#include "mm/record.h"
#include "mm/space/large_entry.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap_cache.h"
#include "mm/verbs.h"

/* Pages that one piece may move. All their new entries are in one leaf table. */
#define MOVE_PAGES 16

struct page_move {
	struct space *space;
	struct vma *to_vma;
	const struct vma *from_vma;
	vaddr_t delta; /* from the old address to the new one */
	bool holes;    /* where there is no page, nothing is moved */
	struct mmu_tables tables;
	struct mmu_flush flush;
};

/* As on Linux, both are private memory without a file, and alike in what they allow; the new place is registered. */
static int userfault_check_move(struct space *space, vaddr_t to, vaddr_t from, size_t len,
				const struct userfault *userfault)
{
	const struct vma *from_vma = vma_find(space, from), *to_vma = vma_find(space, to);

	if (!from_vma || !to_vma)
		return -ENOENT;
	if (from_vma->object || to_vma->object || len > from_vma->end - from ||
	    len > to_vma->end - to || from_vma->prot != to_vma->prot ||
	    !(from_vma->prot & VM_PROT_WRITE) || (from_vma->flags ^ to_vma->flags) & VMA_LOCKED ||
	    !(to_vma->flags & VMA_USERFAULT) || to_vma->userfault != userfault)
		return -EINVAL;
	return 0;
}

/* Has nobody the page but this entry? */
static bool userfault_page_is_own(const struct page *page)
{
	const bool cached = page_has(page, PAGE_SWAP_CACHED);

	if (page == zero_page)
		return true;
	return page->maps == 1 && page->refs == 1u + cached && !page_pins(page) &&
	       (!cached || swap_page_alone(page));
}

/* Takes the entry out, to be written at its new place after the fence. */
static int userfault_take_page(struct page_move *move, vaddr_t from, struct mmu_entry *taken)
{
	struct mmu_entry *slot = arch_mmu_lookup(&move->space->mmu, from);
	struct mmu_entry there = entry_load(arch_mmu_lookup(&move->space->mmu, from + move->delta));
	struct mmu_entry old;

	*taken = ENTRY_NONE;
	if (!entry_empty(userfault_entry(move->to_vma, there)))
		return -EEXIST;
	old = userfault_entry(move->from_vma, slot ? entry_load(slot) : ENTRY_NONE);
	if (entry_empty(old))
		return move->holes ? 0 : -ENOENT;
	if (entry_is_blank(old)) /* as on Linux */
		return -EFAULT;
	if (entry_has_page(old) && !userfault_page_is_own(pfn_to_page(entry_pfn(old))))
		return -EBUSY;
	*taken = old = entry_swap(slot, ENTRY_NONE);
	debt_owe(move->space, from, old, ENTRY_NONE);
	if (entry_downgrades(old, ENTRY_NONE))
		mmu_flush_add(&move->flush, from);
	return 0;
}

/* No hart has the old translations any more. */
static void userfault_put_pages(struct page_move *move, vaddr_t from, const struct mmu_entry *taken,
				unsigned n)
{
	for (unsigned i = 0; i < n; i++, from += PAGE_SIZE) {
		const vaddr_t to = from + move->delta;

		if (entry_empty(taken[i]))
			continue;
		debt_assert_entry(move->space, to);
		*arch_mmu_lookup(&move->space->mmu, to) = entry_set_wp(taken[i], false);
		vma_touch(move->to_vma, to);
		note_change(move->space, CHANGE_MOVED, from, from + PAGE_SIZE, move->delta);
	}
}

/* A table for the new entries, and none of a large entry in the way. The caller holds the space's lock. */
static int prepare_move(struct page_move *move, vaddr_t from)
{
	struct space *space = move->space;
	const unsigned before = move->tables.count;
	unsigned missing;

	if (arch_mmu_lookup_large(&space->mmu, from + move->delta))
		return -EEXIST;
	if (arch_mmu_lookup_large(&space->mmu, from)) {
		int result = large_split(space, large_base(from), PAGE_NORMAL, SPLIT_MOVE);

		if (result)
			return result;
	}
	missing = arch_mmu_prepare(&space->mmu, from + move->delta, &move->tables);
	space->tables += before - move->tables.count;
	assert(!missing); /* the caller has allocated enough */
	return 0;
}

/* Moves pages, up to an end of a leaf table at either place. Adds the bytes to *done. */
static int move_some(struct page_move *move, vaddr_t start, vaddr_t end, size_t *done)
{
	const size_t table = MMU_LEAF_ENTRIES * PAGE_SIZE;
	const vaddr_t from = start + *done;
	vaddr_t stop = MIN(end, from + MOVE_PAGES * PAGE_SIZE);
	struct mmu_entry taken[MOVE_PAGES];
	unsigned n = 0;
	int result;

	/* As on Linux page by page: what comes to a place in the range is moved on from there. */
	if (move->delta && move->delta < MOVE_PAGES * PAGE_SIZE)
		stop = MIN(stop, from + move->delta);
	stop = MIN(stop, ALIGN_DOWN(from, table) + table);
	stop = MIN(stop, ALIGN_DOWN(from + move->delta, table) + table - move->delta);
	result = tables_fill_wait(&move->tables, MMU_LEVELS - 1);
	if (result)
		return result;
	mmu_flush_init(&move->flush);
	space_lock(move->space);
	result = move->space->dying ? -EINTR : prepare_move(move, from);
	while (!result && from + n * PAGE_SIZE < stop) {
		result = userfault_take_page(move, from + n * PAGE_SIZE, &taken[n]);
		if (!result)
			n++;
	}
	space_fence(move->space, &move->flush);
	userfault_put_pages(move, from, taken, n);
	*done += n * PAGE_SIZE;
	if (atomic_load_relaxed(
		    &move->space->lazyfree)) /* the hand may have passed the new place */
		space_has_lazyfree(move->space);
	move->to_vma->has_private = true;
	debt_assert_none(move->space);
	space_unlock(move->space);
	return result;
}

int vm_userfault_move(struct space *space, vaddr_t to, vaddr_t from, size_t len, bool holes,
		      const struct userfault *userfault, size_t *done)
{
	struct page_move move = { .space = space, .delta = to - from, .holes = holes };
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	*done = 0;
	result = userfault_check_move(space, to, from, len, userfault);
	move.to_vma = vma_find(space, to);
	move.from_vma = vma_find(space, from);
	while (!result && *done < len)
		result = move_some(&move, from, from + len, done) ?: vm_pause() ? -EINTR : 0;
	tables_free(&move.tables);
	return result;
}
