/* SPDX-License-Identifier: MIT */
/* Removes entries, and page tables that are empty then, in bounded pieces: clear, fence, free. */
#include "mm/space/tlb_gather.h"

#include "mm/check/fence_debt.h"
#include "mm/phys/large_page.h"
#include "mm/phys/table_pages.h"
#include "mm/record.h"
#include "mm/swap/swap_cache.h"

void gather_init(struct gather *gather, struct space *space)
{
	gather->space = space;
	gather->leaves = 0;
	gather->npages = 0;
	gather->nzero = gather->nslots = gather->nlarge = 0;
	gather->flush.count = 0;
	gather->flush.all = false;
	gather->flush.tables = false;
	gather->tables = (struct mmu_tables){ 0 };
	gather->pages = gather->few;
	gather_narrow(gather);
}

_Static_assert(MMU_LEAF_ENTRIES * sizeof(struct page *) <= PAGE_SIZE,
	       "a frame has room for the pages of a leaf table");

void gather_take_frame(struct gather *gather)
{
	struct page *frame = page_alloc(0, PAGE_KERNEL, PAGE_OPTIONAL);

	if (!frame)
		return;
	gather->pages = page_address(frame);
	gather->stop = gather->pages + MMU_LEAF_ENTRIES;
}

/* A slot in the place of a page, which has an even address. */
static inline struct page *slot_as_page(uint64_t slot)
{
	return (struct page *)(uintptr_t)(slot << 1 | 1);
}

static inline bool is_slot(const struct page *page)
{
	return (uintptr_t)page & 1;
}

/* The first page of a block that a large entry has mapped: as of struct pages, the two lowest bits of its address are 0. */
#define LARGE_TAG 2ul

static inline struct page *large_as_page(struct page *head)
{
	return (struct page *)((uintptr_t)head | LARGE_TAG);
}

static inline bool is_large(const struct page *page)
{
	return ((uintptr_t)page & (LARGE_TAG | 1)) == LARGE_TAG;
}

static inline struct page *large_head(struct page *page)
{
	return (struct page *)((uintptr_t)page & ~LARGE_TAG);
}

/*
 * The page or the slot of an entry that has no frame in the largest segment. The caller takes it
 * for a resident page. One that is MARKED or POISONED passes for the zero page, of which nothing is to be dropped either.
 */
static inline struct page *zapped_far(struct gather *gather, struct mmu_entry old)
{
	if (entry_has_page(old))
		return pfn_to_page(entry_pfn(old));
	if (entry_is_blank(old))
		return zero_page;
	gather->nslots++;
	gather->space->swapped--;
	gather->space->resident++;
	return slot_as_page(entry_swap_slot(old));
}

/* Replaces an entry that is not EMPTY by `left`. Returns its page, or its slot. `near` is the largest segment. */
static inline struct page *gather_entry_zap(struct gather *gather, const struct page_segment *near,
					    vaddr_t va, struct mmu_entry *slot,
					    struct mmu_entry left)
{
	struct mmu_entry old = entry_swap(slot, left);

	struct page *page;

	debt_owe(gather->space, va, old, ENTRY_NONE);
	if (!gather->flush.all && entry_downgrades(old, ENTRY_NONE))
		mmu_flush_add(&gather->flush, va);
	return pfn_is_in(near, entry_pfn_if_any(old), &page) ? page : zapped_far(gather, old);
}

void gather_zap_entry(struct gather *gather, const struct object *object, vaddr_t va,
		      struct mmu_entry *slot, struct mmu_entry left)
{
	struct page *page;

	assert_hardened(spin_lock_held(&gather->space->lock) && !gather_full(gather));
	note_entry(gather->space, va, entry_load(slot), ENTRY_NONE);
	page = gather_entry_zap(gather, &page_segments[0], va, slot, left);
	gather->pages[gather->npages++] = page;
	if (page == zero_page) {
		gather->nzero++;
		return;
	}
	gather->space->resident--;
	if (object && !is_slot(page) && page_is_of_object(page))
		space_count_of_object(gather->space, object, (size_t)-1);
}

bool gather_zap_same(struct gather *gather, vaddr_t va, struct mmu_entry *slot,
		     struct mmu_entry old)
{
	assert_hardened(spin_lock_held(&gather->space->lock) && !gather_full(gather));
	if (!entry_cas(slot, old, ENTRY_NONE))
		return false;
	note_entry(gather->space, va, old, ENTRY_NONE);
	debt_owe(gather->space, va, old, ENTRY_NONE);
	if (entry_downgrades(old, ENTRY_NONE))
		mmu_flush_add(&gather->flush, va);
	gather->pages[gather->npages++] = pfn_to_page(entry_pfn(old));
	gather->space->resident--;
	return true;
}

void gather_swap_entry(struct gather *gather, vaddr_t va, struct mmu_entry *slot,
		       struct mmu_entry to)
{
	struct mmu_entry old;
	struct page *page;

	assert_hardened(spin_lock_held(&gather->space->lock) && !gather_full(gather));
	old = entry_swap(slot, to);
	page = pfn_to_page(entry_pfn(old));
	debt_owe(gather->space, va, old, to);
	if (entry_downgrades(old, to))
		mmu_flush_add(&gather->flush, va);
	if (entry_flags(old) & ENTRY_DIRTY)
		page_set_dirty(page);
	gather->pages[gather->npages++] = page;
	gather->space->resident--;
	gather->space->swapped++;
	note_entry(gather->space, va, old, to);
}

/*
 * Visits the leaf tables of the part of [start, end) that was ever touched. Returns `end`, or where
 * a piece stopped.
 */
static inline vaddr_t gather_visit(struct gather *gather, const struct vma *vma, vaddr_t start,
				   vaddr_t end, mmu_visit_fn visit)
{
	vaddr_t from = MAX(start, vma->touched_start), to = MIN(end, vma->touched_end);

	assert_hardened(spin_lock_held(&gather->space->lock));
	gather->end = to;
	if (from < to && arch_mmu_visit(&gather->space->mmu, from, to, visit, gather))
		return gather->resume;
	return end;
}

/* Removes large entries, all of which are in the range. */
static int zap_large(struct gather *gather, const struct mmu_leaf *leaf)
{
	struct page **page = gather->pages + gather->npages;
	struct space *space = gather->space;
	unsigned n;

	if (page >= gather->stop) /* and past it, if there are those of a whole table */
		return 1;
	n = MIN((unsigned)(gather->stop - page), GATHER_PAGES);
	n = MIN(arch_mmu_large_run(leaf, gather->end), n);
	for (unsigned i = 0; i < n; i++) {
		const vaddr_t va = leaf->va + i * MMU_LARGE_SIZE;
		struct mmu_entry old = arch_mmu_unmap_large(&space->mmu, va);

		debt_owe(space, va, old, ENTRY_NONE);
		if (entry_downgrades(old, ENTRY_NONE))
			mmu_flush_add(&gather->flush, va);
		page[i] = large_as_page(pfn_to_page(entry_pfn(old)));
	}
	gather->npages += n;
	gather->nlarge += n;
	gather->leaves++;
	gather->resume = leaf->va + n * MMU_LARGE_SIZE;
	space->resident -= n * MMU_LEAF_ENTRIES;
	space->large -= n;
	space->layout++;
	return 0;
}

static int zap_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct gather *gather = arg;
	struct page **first = gather->pages + gather->npages, **page = first;
	struct page **stop = gather->stop;
	/* Copies, as they would be loaded again after each atomic operation. */
	const struct page_segment near = page_segments[0];
	const struct page *const zero = zero_page;
	const struct mmu_leaf part = *leaf;
	unsigned nzero = 0;

	gather->resume = leaf->va;
	if (gather->leaves == GATHER_LEAVES)
		return 1;
	if (unlikely(leaf->large))
		return zap_large(gather, leaf);
	entry_for_each_used(slot, leaf->entries, end) {
		if (page >= stop)
			break;
		*page = gather_entry_zap(gather, &near, mmu_leaf_va(&part, slot), slot, ENTRY_NONE);
		if (unlikely(*page == zero))
			nzero++;
		page++;
	}
	gather->leaves += slot == end;
	gather->space->resident -= (unsigned)(page - first) - nzero;
	gather->npages = (unsigned)(page - gather->pages);
	gather->nzero += nzero;
	gather->resume = mmu_leaf_va(leaf, slot);
	gather_narrow(gather);
	return slot < end;
}

/* Of a VMA with an object, pages[first] and those behind it have been zapped: counts which were the object's. */
static void uncount_of_object(struct gather *gather, const struct vma *vma, unsigned first)
{
	size_t n = gather->npages - first;

	if (vma->has_private || gather->nzero) {
		n = 0;
		for (unsigned i = first; i < gather->npages; i++)
			n += !is_slot(gather->pages[i]) && page_is_of_object(gather->pages[i]);
	}
	space_count_of_object(gather->space, vma->object, -n);
}

vaddr_t gather_zap(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	unsigned first = gather->npages;
	vaddr_t reached = gather_visit(gather, vma, start, end, zap_leaf);

	if (vma->object && !gather->space->ending) /* else nobody will ask */
		uncount_of_object(gather, vma, first);
	note_change(gather->space, CHANGE_CLEARED, start, reached, 0);
	return reached;
}

/* Leaf tables of a piece: the page of each entry is looked at. */
#define SHOWN_LEAVES 2

/* Does the entry map a page of the object? What is swapped out is a private copy. NULL: is there anything but a mark? */
static bool shows(struct mmu_entry entry, const struct object *object)
{
	if (!object)
		return entry_state(entry) != ENTRY_MARKED;
	/* gcc-analyzer-suppress null-dereference ; an entry's frame is one of ours */
	return entry_has_page(entry) && pfn_to_page(entry_pfn(entry))->owner == object;
}

/* Zeros that a program was given for a hole of the object, and has not written to, go with it. */
static bool shows_zeros(struct mmu_entry entry)
{
	return entry_has_page(entry) && entry_pfn(entry) == zero_pfn;
}

static int zap_shown_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct gather *gather = arg;

	gather->resume = leaf->va;
	if (gather->leaves >= SHOWN_LEAVES)
		return 1;
	entry_for_each_used(slot, leaf->entries, end) {
		const struct mmu_entry old = entry_load(slot);

		gather->resume = mmu_leaf_va(leaf, slot);
		if (!shows_zeros(old) && !shows(old, gather->shown))
			continue;
		if (gather->npages == GATHER_PAGES)
			return 1;
		gather_zap_entry(gather, gather->object, gather->resume, slot,
				 gather->keeps_marks ? marked_if_wp(old) : ENTRY_NONE);
	}
	gather->leaves++;
	return 0;
}

vaddr_t gather_zap_shown(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end)
{
	gather->shown = gather->object = vma->object;
	gather->keeps_marks = vma->flags & VMA_UF_WP;
	return gather_visit(gather, vma, start, end, zap_shown_leaf);
}

vaddr_t gather_zap_to_marks(struct gather *gather, const struct vma *vma, vaddr_t start,
			    vaddr_t end)
{
	gather->shown = NULL;
	gather->object = vma->object;
	gather->keeps_marks = true;
	return gather_visit(gather, vma, start, end, zap_shown_leaf);
}

/*
 * Takes all permissions but `prot` from one entry, which is to be fenced with `flush`. The hardware
 * may set A and D meanwhile, and they stay.
 */
static void entry_downgrade(struct space *space, vaddr_t va, struct mmu_entry *slot, unsigned prot,
			    struct mmu_flush *flush)
{
	struct mmu_entry old, new;

	do {
		old = entry_load(slot);
		if (!(entry_prot(old) & ~prot))
			return;
		new = entry_with(old, entry_prot(old) & prot, entry_flags(old));
	} while (!entry_cas(slot, old, new));
	debt_owe(space, va, old, new);
	if (entry_downgrades(old, new))
		mmu_flush_add(flush, va);
}

static int downgrade_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct gather *gather = arg;

	gather->resume = leaf->va;
	if (gather->leaves == GATHER_LEAVES)
		return 1;
	gather->leaves++;
	entry_for_each_used(slot, leaf->entries, end)
		entry_downgrade(gather->space, mmu_leaf_va(leaf, slot), slot, gather->prot,
				&gather->flush);
	return 0;
}

vaddr_t gather_downgrade(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end,
			 unsigned prot)
{
	vaddr_t reached;

	gather->prot = prot;
	reached = gather_visit(gather, vma, start, end, downgrade_leaf);
	note_change(gather->space, CHANGE_DOWNGRADED, start, reached, prot);
	return reached;
}

/* entry_set_wp(), but in shared memory nothing is left of the mark: there is no copy-on-write. */
static struct mmu_entry entry_change_wp(struct mmu_entry entry, bool wp, bool shared)
{
	if (!shared || wp || !entry_has_page(entry) || !entry_is_wp(entry))
		return entry_set_wp(entry, wp);
	return entry_with(entry, entry_prot(entry) & ~VM_PROT_WRITE,
			  entry_flags(entry) & ~ENTRY_WP);
}

void gather_set_wp_entry(struct gather *gather, vaddr_t va, struct mmu_entry *slot, bool large)
{
	struct mmu_entry old, new;

	do {
		old = entry_load(slot);
		new = entry_change_wp(old, gather->wp, gather->shared);
	} while (!entry_cas(slot, old, new));
	debt_owe(gather->space, va, old, new);
	if (entry_downgrades(old, new))
		mmu_flush_add(&gather->flush, va);
	if (!entry_is_blank(old))
		note_change(gather->space, large ? CHANGE_LARGE : CHANGE_ENTRY, va, old.word,
			    new.word);
}

static int set_wp_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot, *end = leaf->entries + leaf->count;
	struct gather *gather = arg;

	gather->resume = leaf->va;
	if (gather->leaves == GATHER_LEAVES)
		return 1;
	gather->leaves++;
	entry_for_each_used(slot, leaf->entries, end)
		gather_set_wp_entry(gather, mmu_leaf_va(leaf, slot), slot, leaf->large);
	return 0;
}

vaddr_t gather_set_wp(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end,
		      bool wp)
{
	gather->wp = wp;
	gather->shared = vma_is_shared(vma);
	return gather_visit(gather, vma, start, end, set_wp_leaf);
}

void gather_prune(struct gather *gather, vaddr_t floor, vaddr_t ceiling)
{
	unsigned before = gather->tables.count;

	assert_hardened(spin_lock_held(&gather->space->lock));
	if (floor >= ceiling)
		return;
	arch_mmu_prune(&gather->space->mmu, floor, ceiling, &gather->tables);
	gather->space->tables -= gather->tables.count - before;
	if (gather->tables.count == before)
		return;
	gather->flush.tables = true;
	gather->space->layout++;
}

void gather_fence(struct gather *gather)
{
	/* The page walk cache may still have a table that was unlinked. */
	assert_hardened(!gather->tables.count || gather->flush.tables);
	space_fence(gather->space, &gather->flush);
	for (unsigned i = 0; i < gather->npages; i++)
		if (!is_slot(gather->pages[i]))
			debt_assert_frame(gather->space, large_head(gather->pages[i]));
}

/* Leaves only pages that count as mapped, and drops the references to slots, and large maps. */
static void remove_others(struct gather *gather)
{
	unsigned n = 0;

	for (unsigned i = 0; i < gather->npages; i++) {
		struct page *page = gather->pages[i];

		if (is_slot(page))
			swap_slot_put((uintptr_t)page >> 1);
		else if (is_large(page))
			large_map_put(large_head(page));
		else if (page != zero_page)
			gather->pages[n++] = page;
	}
	gather->npages = n;
}

/* Frees pages that only the swap cache has now: nothing can use them. */
static void free_from_cache(const struct gather *gather)
{
	for (unsigned i = 0; i < gather->npages; i++)
		swap_page_unmapped(gather->pages[i]);
}

void gather_free(struct gather *gather)
{
	/* gather_fence() has emptied `flush`: nothing is freed that a TLB may still refer to. */
	assert_hardened(!gather->flush.count && !gather->flush.all && !gather->flush.tables);
	if (gather->nzero | gather->nslots | gather->nlarge)
		remove_others(gather);
	if (gather->npages)
		page_map_put_many(gather->pages, gather->npages);
	if (unlikely(swap_is_used()))
		free_from_cache(gather);
	if (gather->tables.count)
		tables_free(&gather->tables);
	gather->npages = 0;
	gather->nzero = gather->nslots = gather->nlarge = 0;
	gather->leaves = 0;
}
