/* SPDX-License-Identifier: MIT */
/* Finds the pages of a space that have what is asked for, and write-protects them: what was written since the last time. */
#include "mm/verbs/page_scan.h"

#include "abi/errno.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/userfault.h"
#include "mm/fault/zero_page.h"
#include "mm/host.h"
#include "mm/phys/table_pages.h"
#include "mm/space/large_entry.h"
#include "mm/space/tlb_gather.h"
#include "mm/swap/relieve.h"

/*
 * One hold of the space's lock looks at SCAN_VMAS VMAs at most, of one of them at SCAN_ENTRIES entries of a leaf table. Where tables are
 * missing there is nothing but a hole, however large, and a hole is one region. One that is to be protected gets its tables first, one in
 * each piece: its entries become MARKED.
 *
 * A page is protected in the same hold of the lock in which it was found to be written, and the fence is made before the
 * lock is released. So a write is found by this scan, or it is a fault, and the next scan finds it.
 */
#define SCAN_VMAS    32
#define SCAN_ENTRIES 128u

/* The part of a scan that is in one VMA. */
struct scan_part {
	struct space *space;
	struct page_scan *scan;
	vaddr_t end;
	uint64_t categories; /* that all its pages have */
	bool is_marked;	     /* ENTRY_WP counts */
	bool is_done;	     /* entries have been looked at */
	bool splits;	     /* the large entry at scan->at has to be split */
	bool needs_table;    /* the hole at scan->at has to have entries */
	struct mmu_tables tables;
	struct gather gather;
};

/* ---- what a page has ---- */

static uint64_t categories_of_frame(struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn(entry));

	if (entry_is_zero_page(entry))
		return SCAN_PRESENT | SCAN_ZERO;
	return page && page_is_of_object(page) ? SCAN_PRESENT | SCAN_FILE : SCAN_PRESENT;
}

/* As on Linux, what is not there counts as written until it is protected. */
static uint64_t categories_of(const struct scan_part *part, struct mmu_entry entry)
{
	const bool wp = part->is_marked && entry_is_wp(entry);
	uint64_t categories = part->categories | (wp ? 0 : SCAN_WRITTEN);

	switch (entry_state(entry)) {
	case ENTRY_EMPTY:
		return categories;
	case ENTRY_MARKED:
		return wp ? categories | SCAN_SWAPPED : categories;
	case ENTRY_POISONED:
	case ENTRY_SWAP:
		return categories | SCAN_SWAPPED;
	default:
		return categories | categories_of_frame(entry);
	}
}

static bool scan_matches(const struct page_scan *scan, uint64_t categories)
{
	categories ^= scan->inverted;
	return (categories & scan->all) == scan->all && (!scan->any || categories & scan->any);
}

/* ---- what is found ---- */

/* [scan->at, end) are pages that match. Returns the end of those that have a place. */
static vaddr_t scan_report(struct page_scan *scan, uint64_t categories, vaddr_t end)
{
	const vaddr_t at = scan->at;
	struct scan_region *last;

	if (!scan->regions)
		return end;
	if ((end - at) / PAGE_SIZE > scan->left) {
		end = at + scan->left * PAGE_SIZE;
		scan->is_full = true;
	}
	if (end == at)
		return at;
	categories &= scan->shown;
	last = scan->regions + scan->count;
	if (scan->count && last[-1].end == at && last[-1].categories == categories) {
		last[-1].end = end;
	} else if (scan->count < scan->room) {
		*last = (struct scan_region){ at, end, categories };
		scan->count++;
	} else {
		scan->is_full = true;
		return at;
	}
	scan->left -= (end - at) / PAGE_SIZE;
	return end;
}

/* Returns whether a page that matches is to be protected. */
static bool scan_protects(const struct page_scan *scan, uint64_t categories)
{
	return scan->protects && categories & SCAN_WRITTEN;
}

/* No entry is there up to `end`. Returns whether the piece goes on. */
static bool scan_hole(struct scan_part *part, vaddr_t end)
{
	struct page_scan *scan = part->scan;
	const uint64_t categories = categories_of(part, ENTRY_NONE);

	if (scan->at >= end)
		return true;
	if (!scan_matches(scan, categories))
		scan->at = end;
	else if (scan_protects(scan, categories))
		part->needs_table = true;
	else
		scan->at = scan_report(scan, categories, end);
	return scan->at == end;
}

/* Returns false if the scan is full. */
static bool scan_entry(struct scan_part *part, struct mmu_entry *slot)
{
	struct page_scan *scan = part->scan;
	const struct mmu_entry entry = entry_load(slot);
	const uint64_t categories = categories_of(part, entry);

	if (scan_matches(scan, categories)) {
		if (scan_report(scan, categories, scan->at + PAGE_SIZE) == scan->at)
			return false;
		if (scan_protects(scan, categories))
			gather_set_wp_entry(&part->gather, scan->at, slot, false);
	}
	scan->at += PAGE_SIZE;
	return true;
}

/* A large entry of which a part only is to be protected is split first. */
static void scan_large(struct scan_part *part, const struct mmu_leaf *leaf)
{
	struct page_scan *scan = part->scan;
	const vaddr_t end = MIN(mmu_leaf_end(leaf), part->end);
	const uint64_t categories = categories_of(part, entry_load(leaf->entries)) | SCAN_LARGE;
	const uint64_t left = scan->regions ? scan->left : UINT64_MAX;
	const bool protects = scan_protects(scan, categories);

	if (!scan_matches(scan, categories)) {
		scan->at = end;
		return;
	}
	if (protects && left && (end - scan->at < MMU_LARGE_SIZE || left < MMU_LEAF_ENTRIES)) {
		part->splits = true;
		return;
	}
	scan->at = scan_report(scan, categories, end);
	if (protects && scan->at == end)
		gather_set_wp_entry(&part->gather, leaf->va, leaf->entries, true);
}

static int scan_leaf(void *arg, const struct mmu_leaf *leaf)
{
	const unsigned n = MIN(leaf->count, SCAN_ENTRIES);
	struct scan_part *part = arg;

	if (!scan_hole(part, leaf->va) || part->is_done)
		return 1;
	part->is_done = true;
	if (leaf->large) {
		scan_large(part, leaf);
		return part->scan->is_full || part->splits;
	}
	for (unsigned i = 0; i < n; i++)
		if (!scan_entry(part, &leaf->entries[i]))
			return 1;
	return n < leaf->count;
}

/* ---- pieces ---- */

/* Can no page of the VMA match, or is it to be passed over? */
static bool scan_passes(const struct scan_part *part)
{
	const struct page_scan *scan = part->scan;
	const uint64_t needed = scan->all & SCAN_WP_ALLOWED;

	if (scan->protects && !(part->categories & SCAN_WP_ALLOWED))
		return true;
	return ((part->categories ^ scan->inverted) & needed) != needed;
}

/* The hole at scan->at gets entries, unless a fault has brought a page meanwhile, which may be a large one. */
static void scan_link_table(struct scan_part *part, struct vma *vma)
{
	const vaddr_t at = part->scan->at, end = large_base(at) + MMU_LARGE_SIZE;
	const unsigned before = part->tables.count;
	struct space *space = part->space;

	part->needs_table = false;
	if (space->large && arch_mmu_lookup_large(&space->mmu, at))
		return;
	(void)arch_mmu_prepare(&space->mmu, at, &part->tables);
	space->tables += before - part->tables.count;
	vma_touch(vma, at);
	vma_touch(vma, MIN(end, part->end) - PAGE_SIZE);
}

/* Looks at some entries of the VMA, or at the rest of it. Returns 0, -EPERM or -ENOMEM. */
static int scan_vma_locked(struct scan_part *part, struct vma *vma)
{
	struct page_scan *scan = part->scan;
	vaddr_t from, to;

	assert_hardened(spin_lock_held(&part->space->lock));
	scan->at = MAX(scan->at, vma->start);
	part->end = MIN(scan->end, vma->end);
	part->is_marked = vma->flags & VMA_UF_WP;
	part->categories = part->is_marked && vma->userfault->is_async ? SCAN_WP_ALLOWED : 0;
	part->gather.shared = vma_is_shared(vma);
	if (scan->checks && !part->categories)
		return -EPERM;
	if (scan_passes(part)) {
		scan->at = part->end;
		return 0;
	}
	if (part->needs_table)
		scan_link_table(part, vma);
	from = MAX(scan->at, vma->touched_start);
	to = MIN(part->end, vma->touched_end);
	if (from >= to || !arch_mmu_visit(&part->space->mmu, from, to, scan_leaf, part))
		(void)scan_hole(part, part->end);
	if (!part->splits)
		return 0;
	part->splits = false;
	return large_split(part->space, large_base(scan->at), PAGE_NORMAL, SPLIT_PART);
}

static int scan_piece_locked(struct scan_part *part)
{
	struct page_scan *scan = part->scan;
	int result = 0;

	assert_hardened(spin_lock_held(&part->space->lock));
	part->is_done = false;
	for (unsigned i = 0; !result && i < SCAN_VMAS && scan->at < scan->end; i++) {
		struct vma *vma = vma_find_next(part->space, scan->at);

		if (vma && vma->start < scan->end)
			result = scan_vma_locked(part, vma);
		else
			scan->at = scan->end;
		if (part->is_done || part->needs_table || scan->is_full)
			break;
	}
	return result;
}

/* One hold of the lock. */
static int scan_piece(struct scan_part *part)
{
	int result = part->needs_table ? tables_fill_wait(&part->tables, MMU_LEVELS - 1) : 0;

	if (result)
		return result;
	space_lock(part->space);
	result = scan_piece_locked(part);
	gather_fence(&part->gather);
	debt_assert_none(part->space);
	space_unlock(part->space);
	return result ?: vm_pause();
}

int vm_page_scan(struct space *space, struct page_scan *scan)
{
	struct scan_part part = { .space = space, .scan = scan };
	int result = 0;

	assert_hardened(mm_host.mmap_locked(space));
	gather_init(&part.gather, space);
	part.gather.wp = true;
	scan->is_full = false;
	while (!result && !scan->is_full && scan->at < scan->end)
		result = scan_piece(&part);
	tables_free(&part.tables);
	return result;
}
