/* SPDX-License-Identifier: MIT */
/* What reclaim does to a page: age it, unmap it, drop it, or send it to swap. */
/*
 * In a space, a pass looks at the A bit of each entry. If A is set, the page was used since the last
 * turn: A is cleared, and the page is marked as used. If A is not set and the page is cold, the entry
 * goes: the entry of an object's page becomes EMPTY, and that of a private page SWAP. From then on
 * the private page is in the swap cache (mm/swap/swap_cache.c). If no other entry maps it, it is written at
 * once, together with its neighbours. A fault brings the entry back if the page is used after all.
 *
 * A private page whose bytes nobody needs (PAGE_LAZYFREE) is dropped when the hand first comes to it, unless its entry has D. It
 * is one that MADV_FREE was called for, or that a run has filled ahead (mm/fault/run.c). The next fault gets zeros.
 *
 * In an object, of which the swap cache is one, a pass asks whether the page was marked as used
 * (mm/swap/page_age.h). A page that was used is hot. A cold page to which only its object refers is
 * dropped if it is clean. If it is dirty it goes to the swap cache, is written there, and is dropped
 * at the end of the write. Without swap, dirty pages and private memory stay.
 *
 * A page that comes into use while many others pass through memory would be dropped between two
 * uses, again and again. Therefore the index of a dropped page keeps a stamp (INDEX_DROPPED). If the
 * page is read again before more pages have been dropped than memory holds, it is hot at once. Older
 * stamps are removed. Locked memory (VMA_LOCKED) is passed over.
 */
#include "mm/swap/reclaim_pass.h"

#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/phys/large_page.h"
#include "mm/space/large_entry.h"
#include "mm/space/space_visit.h"
#include "mm/swap/clock_hand.h"
#include "mm/swap/page_age.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_io.h"
#include "mm/swap/swap_out.h"
#include "mm/vm_wait.h"

/*
 * An entry whose page goes to swap counts as so many more, for it takes longer. 32 such pages are one
 * pass. Four passes fill a request: if a part of the last pass did not fit into it, that part would be
 * written with a request of its own.
 */
#define OUT_COST 3u

void reclaim_pass_init(struct reclaim_pass *pass, enum reclaim_how how, struct space *space,
		       vaddr_t from)
{
	gather_init(&pass->gather, space);
	pass->vma = NULL;
	pass->left = PASS_ENTRIES;
	pass->next = from;
	pass->how = how;
	pass->nruns = 0;
}

/*
 * May the private page go to swap? A pinned page stays. So does a page with references other than
 * those of entries and of the swap cache. The caller holds the space's lock.
 */
static bool anon_is_swappable(const struct page *page)
{
	uint64_t state = page_state(page);
	uint32_t cached = (state & PAGE_SWAP_CACHED) != 0;

	return !state_pins(state) && page->refs == page->maps + cached;
}

/* Removes the entry of a cold page of an object. */
static void unmap_file_page(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot)
{
	const bool keeps = pass->vma->flags & VMA_UF_WP;

	counter_add(&reclaim_counts.unmapped, 1);
	gather_zap_entry(&pass->gather, pass->vma->object, va, slot,
			 keeps ? marked_if_wp(entry_load(slot)) : ENTRY_NONE);
}

static void add_unmapped_slot(struct reclaim_pass *pass, uint64_t slot)
{
	struct slot_run *run = &pass->runs[pass->nruns];

	if (pass->nruns && run[-1].last + 1 == slot) {
		run[-1].last = slot;
	} else {
		*run = (struct slot_run){ slot, slot };
		pass->nruns++;
	}
}

/* Turns the entry of a cold private page to SWAP. */
static void swap_out_entry(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot,
			   struct page *page)
{
	const struct mmu_entry old = entry_load(slot);
	uint64_t to;

	if (!anon_is_swappable(page) || !swap_out_page(page, entry_flags(old) & ENTRY_DIRTY, &to))
		return;
	counter_add(&reclaim_counts.unmapped, 1);
	gather_swap_entry(&pass->gather, va, slot,
			  entry_set_wp(entry_make_swap(to), entry_is_wp(old)));
	add_unmapped_slot(pass, to);
	pass->left -= MIN(pass->left, OUT_COST);
}

/* Removes the entry of a page, or turns it to SWAP. */
static void unmap_page(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot,
		       struct page *page)
{
	if (page_kind(page) == PAGE_ANON)
		swap_out_entry(pass, va, slot, page);
	else
		unmap_file_page(pass, va, slot);
}

/*
 * Drops a page that nobody needs, whatever its age. Returns false if it is none, or if it has to stay.
 *
 * Of an entry that is cleared while D is not set nobody has written by it since, and nobody will: a hart that has no D in its TLB
 * looks at the entry first. That other entries have D, which map the page too, does not matter: D is set while a page has
 * one entry, and fork copies it.
 */
static bool drop_lazyfree(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot,
			  struct mmu_entry entry, struct page *page)
{
	bool last = page->maps == 1;

	if (!page_has(page, PAGE_LAZYFREE) || (entry_flags(entry) & ENTRY_DIRTY) ||
	    entry_is_wp(entry))
		return false;
	if (!anon_is_swappable(page) || (pass->how == SEND_OUT && !last) ||
	    !gather_zap_same(&pass->gather, va, slot, entry)) {
		space_has_lazyfree(pass->gather.space);
		return false;
	}
	counter_add(&reclaim_counts.dropped, last);
	counter_add(&reclaim_counts.lazyfreed, last);
	return true;
}

/* MADV_FREE. As on Linux, what is in swap goes at once, and a page that others use too stays as it is. */
static void lazyfree_entry(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot,
			   struct mmu_entry entry)
{
	struct page *page;

	if (entry_is_blank(entry)) {
		if (entry_state(entry) == ENTRY_POISONED)
			(void)entry_cas(slot, entry, ENTRY_NONE);
		return;
	}
	if (!entry_has_page(entry)) {
		gather_zap_entry(&pass->gather, NULL, va, slot, ENTRY_NONE);
		return;
	}
	page = pfn_to_page(entry_pfn(entry));
	if (page_kind(page) != PAGE_ANON || page->maps != 1 || page_is_pinned(page))
		return;
	if (page_has(page, PAGE_SWAP_CACHED))
		swap_forget(page);
	if (page_has(page, PAGE_SWAP_CACHED))
		return;
	while ((entry_flags(entry) & (ENTRY_ACCESSED | ENTRY_DIRTY)) &&
	       !entry_clear_flags(pass->gather.space, va, slot, entry, ENTRY_ACCESSED | ENTRY_DIRTY,
				  &pass->gather.flush))
		entry = entry_load(slot);
	page_set(page, PAGE_LAZYFREE);
	space_has_lazyfree(pass->gather.space);
	counter_add(&reclaim_counts.lazyfree, 1);
}

/* For madvise. As on Linux, a page that other processes map too stays as it is, and that of a file of another user. */
static void advise_entry(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot,
			 struct mmu_entry entry, struct page *page)
{
	if (page->maps != 1 || (pass->spares_files && page_kind(page) == PAGE_OBJECT))
		return;
	page_set_cold(page);
	if (pass->how == SEND_OUT)
		unmap_page(pass, va, slot, page);
	else if (entry_flags(entry) & ENTRY_ACCESSED)
		(void)entry_clear_accessed(pass->gather.space, va, slot, entry,
					   &pass->gather.flush);
}

static void pass_entry_by_age(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot,
			      struct mmu_entry entry, struct page *page)
{
	bool private = page_kind(page) == PAGE_ANON;

	counter_add(&reclaim_counts.scanned, 1);
	if (entry_flags(entry) & ENTRY_ACCESSED) {
		counter_add(&reclaim_counts.aged, 1);
		page_set_used(page);
		(void)entry_clear_accessed(pass->gather.space, va, slot, entry,
					   &pass->gather.flush);
		if (private && swap_is_full())
			swap_forget(page);
	} else if (page_is_cold(page, hand_is_hard())) {
		unmap_page(pass, va, slot, page);
	}
	if (private) /* others are aged where their object is passed */
		hand_age_page(page);
}

bool object_is_reclaimable(const struct object *object)
{
	if (!object || object->ops->unevictable || atomic_load_relaxed(&object->locked))
		return false;
	return object->ops->read_page || swap_is_on();
}

static bool swap_takes(const struct page *page)
{
	return page_kind(page) == PAGE_ANON && swap_is_on();
}

static void pass_entry(struct reclaim_pass *pass, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry entry = entry_load(slot);
	struct page *page;

	if (pass->how == MAKE_LAZYFREE) {
		lazyfree_entry(pass, va, slot, entry);
		return;
	}
	page = entry_has_page(entry) ? pfn_to_page(entry_pfn(entry)) : NULL;
	if (!page || (pass->how != MAKE_COLD && drop_lazyfree(pass, va, slot, entry, page)))
		return;
	if (!(page_kind(page) == PAGE_OBJECT ? object_is_reclaimable(pass->vma->object)
					     : swap_takes(page)))
		return;
	if (pass->how == BY_AGE)
		pass_entry_by_age(pass, va, slot, entry, page);
	else
		advise_entry(pass, va, slot, entry, page);
}

/* Has the range to be passed page by page? Then the large entry is split. Where it was used, its age is that of the whole. */
static bool large_is_to_split(struct reclaim_pass *pass, const struct mmu_leaf *leaf)
{
	struct space *space = pass->gather.space;
	struct mmu_entry entry = entry_load(leaf->entries);
	const struct page *head = pfn_to_page(entry_pfn(entry));

	if (pass->how != MAKE_LAZYFREE && !swap_is_on())
		return false;
	if (pass->how != BY_AGE)
		return large_map_count(head) == 1;
	counter_add(&reclaim_counts.scanned, 1);
	if (!(entry_flags(entry) & ENTRY_ACCESSED))
		return true;
	counter_add(&reclaim_counts.aged, 1);
	(void)entry_clear_accessed(space, leaf->va, leaf->entries, entry, &pass->gather.flush);
	return false;
}

/* Passes a large entry, or splits it: then the piece ends here, and the next one passes the pages. */
static int reclaim_pass_large(struct reclaim_pass *pass, const struct mmu_leaf *leaf)
{
	pass->left--;
	if (large_is_to_split(pass, leaf) &&
	    large_split(pass->gather.space, leaf->va, PAGE_RESERVE, SPLIT_RECLAIM) == 0)
		return 1;
	pass->next = mmu_leaf_end(leaf);
	return ++pass->gather.leaves == GATHER_LEAVES;
}

int reclaim_pass_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct reclaim_pass *pass = arg;

	if (unlikely(leaf->large)) {
		pass->next = MAX(pass->next, leaf->va);
		if (!pass->left || gather_full(&pass->gather))
			return 1;
		return reclaim_pass_large(pass, leaf);
	}
	entry_for_each_used(slot, leaf->entries, end) {
		pass->next = mmu_leaf_va(leaf, slot);
		if (!pass->left || pass->nruns == PASS_RUNS || gather_full(&pass->gather))
			return 1;
		pass->left--;
		pass_entry(pass, pass->next, slot);
	}
	pass->next = mmu_leaf_va(leaf, end);
	return ++pass->gather.leaves == GATHER_LEAVES;
}

/* Is there anything in the VMA that can be reclaimed? */
static bool reclaim_wants(void *arg, struct vma *vma)
{
	struct reclaim_pass *pass = arg;

	pass->vma = vma;
	return !(vma->flags & VMA_LOCKED) &&
	       (object_is_reclaimable(vma->object) || swap_is_on() ||
		(!vma->object && atomic_load_relaxed(&vma->space->lazyfree)));
}

bool reclaim_pass_space(struct reclaim_pass *pass, struct space *space)
{
	uint8_t lazyfree;

	if (space->dying)
		return false;
	if (space_visit_vmas(space, &pass->next, PASS_VMAS, reclaim_wants, reclaim_pass_leaf, pass))
		return true;
	lazyfree = atomic_load_relaxed(&space->lazyfree);
	if (lazyfree) /* what is left of such pages has become so since the hand began with the space */
		atomic_store_relaxed(&space->lazyfree, (uint8_t)(lazyfree - 1));
	return false;
}

bool pass_object_page(struct object *object, struct page *page)
{
	bool cold = page_is_cold(page, hand_is_hard());
	bool free = page->counts == PAGE_ONE_REF && !page_has(page, PAGE_PREALLOCATED);

	/* Pages in the swap cache are aged where they are mapped. */
	if (object != &swap_cache || free)
		hand_age_page(page);
	if (!cold || !free)
		return false;
	if (object == &swap_cache && swap_page_kept(page)) /* its last entry is going right now */
		return false;
	if (!page_has(page, PAGE_DIRTY))
		return true;
	if (object->ops->write_page)
		object->ops->write_page(object, page);
	else if (swap_is_on())
		(void)object_swap_out(object, page);
	return false;
}

/* Waits until another write can be begun. Returns false if the running thread has been killed. */
static bool wait_for_write_slot(void)
{
	for (;;) {
		struct vm_wait wait = { .queue = &swap_written,
					.seq = waitq_sample(&swap_written) };

		if (swap_may_write())
			return true;
		swap_submit(true);
		if (mm_host.pause(swap_writing() ? &wait : NULL))
			return false;
	}
}

void write_cold_pages(struct object *object, uint64_t first, uint64_t last, bool waits)
{
	bool more = true;
	size_t dropped;

	while (more && (!waits || wait_for_write_slot())) {
		if (waits)
			swap_out_prepare();
		more = object_reclaim_range(object, &first, last, pass_object_page, !hand_is_hard(),
					    &dropped);
		counter_add(&reclaim_counts.dropped, dropped);
		swap_submit(false);
		if (more && vm_pause())
			break;
	}
}

void write_unmapped(const struct reclaim_pass *pass, bool waits)
{
	for (const struct slot_run *run = pass->runs; run < pass->runs + pass->nruns; run++)
		write_cold_pages(&swap_cache, run->first, run->last, waits);
}
