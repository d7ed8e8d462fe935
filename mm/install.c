/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#include "mm/install.h"

#include "arch/hart.h"
#include "mm/check/fence_debt.h"
#include "mm/page_cache.h"
#include "sync/interleave.h"

/*
 * Locks: the space's, then the object's where the page has one. All that a handler saw is looked at
 * again under them: VMA, entry, page, and the classification is run again; an entry can be
 * bit-identical while the world has changed. What needs no page, and what is at hand, is granted in
 * the lock hold of the look-up itself.
 */

/* Text that this hart is about to run may have been written by it. */
static inline void sync_text(unsigned rights)
{
	if (unlikely(rights & RIGHT_EXEC))
		arch_icache_sync();
}

/* A read of never-written memory: the zero page, and nothing else is asked. */
static inline void install_zero(struct fault *fault)
{
	struct mmu_entry entry =
		entry_make(zero_pfn, fault->vma->rights & ~RIGHT_WRITE, ENTRY_ACCESSED | ENTRY_COW);

	debt_assert_entry(fault->space, fault->va);
	vma_touch(fault->vma, fault->va);
	arch_mmu_map(fault->slot, fault->va, &entry, 1);
	fault_count(fault, FAULT_FILL);
	fault->space->stats.zero_maps++;
}

/*
 * An object's page in a shared mapping, marked by who writes to it; or in a private one, read only.
 */
static inline void install_object_page(struct fault *fault, struct mmu_entry *slot, vaddr_t va,
				       struct page *page, unsigned write)
{
	unsigned rights = fault->vma->rights & (RIGHT_READ | RIGHT_EXEC | write);
	unsigned flags = write ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
	struct mmu_entry entry;

	if (!vma_is_shared(fault->vma))
		flags |= ENTRY_COW;
	entry = entry_make(page_to_pfn(page), rights, flags);
	debt_assert_entry(fault->space, va);
	page_map_get(page);
	arch_mmu_map(slot, va, &entry, 1);
}

/* A write: the one page, and its mark. */
static void install_written(struct fault *fault, struct page *page)
{
	page_set_dirty(page);
	object_stored(fault->vma->object);
	install_object_page(fault, fault->slot, fault->va, page, RIGHT_WRITE);
	vma_touch(fault->vma, fault->va);
	space_add_resident(fault->space, 1);
	fault_count(fault, FAULT_FILL);
	fault_count(fault, FAULT_REMAP);
}

/* Pages of an object that one fault maps: an aligned window of so many, one table's. */
#define AROUND_PAGES 16

/*
 * A read: the pages of the window that are there, where the entry is EMPTY, the one that was asked
 * for among them.
 */
static void install_around(struct fault *fault, vaddr_t va, struct page *const *pages, unsigned n)
{
	struct mmu_entry *slot = fault->slot - ((fault->va - va) >> PAGE_SHIFT);
	unsigned total = 0;

	vma_touch(fault->vma, va);
	vma_touch(fault->vma, va + (n - 1) * PAGE_SIZE);
	for (unsigned i = 0; i < n; i++, slot++, va += PAGE_SIZE) {
		struct page *page = pages[i];

		if (!page || page == zero_page || !entry_empty(entry_load(slot)))
			continue;
		install_object_page(fault, slot, va, page, 0);
		total++;
	}
	space_add_resident(fault->space, total);
	fault->space->stats.around += total - 1;
	fault_count(fault, FAULT_FILL);
}

/* => the object's lock held */
static bool install_from_object(struct fault *fault)
{
	vaddr_t window = ALIGN_DOWN(fault->va, AROUND_PAGES * PAGE_SIZE);
	bool write = fault_is_write(fault);
	vaddr_t va = write ? fault->va : MAX(window, fault->vma->start);
	vaddr_t end = write ? va + PAGE_SIZE
			    : MIN(window + AROUND_PAGES * PAGE_SIZE, fault->vma->end);
	struct page *pages[AROUND_PAGES], *page;
	unsigned n = (unsigned)((end - va) >> PAGE_SHIFT);

	sync_text(fault->vma->rights);
	fault->vma->backend->at_hand(fault->vma, va, pages, n);
	page = pages[(fault->va - va) >> PAGE_SHIFT];
	if (!page)
		return false;
	if (page == zero_page)
		install_zero(fault);
	else if (write)
		install_written(fault, page);
	else
		install_around(fault, va, pages, n);
	return true;
}

/* Kept apart from the zero page's way, whose registers it would take. */
static __attribute__((noinline)) int install_object_at_hand(struct fault *fault)
{
	struct object *object = fault->vma->object;
	bool done;

	spin_lock(&object->lock);
	done = install_from_object(fault);
	spin_unlock(&object->lock);
	return done ? 0 : FAULT_GO;
}

static __attribute__((noinline, cold)) int start_over(struct fault *fault, enum fault_retry reason)
{
	fault->space->stats.retry[reason]++;
	return FAULT_AGAIN;
}

/* Same backing, offset and rights as what was found? It need not be the same struct. */
static bool is_same_vma(const struct fault *fault, const struct vma *vma)
{
	return vma->backend == fault->backend && vma->object == fault->object &&
	       vma->rights == fault->vma_rights && vma->flags == fault->vma_flags &&
	       vma->file_end == fault->file_end &&
	       (!vma->object || vma_index(vma, fault->va) == fault->index);
}

bool install_is_current(struct fault *fault)
{
	struct space *space = fault->space;
	struct vma *vma;
	bool same;

	spin_lock(&space->lock);
	vma = vma_find(space, fault->va);
	same = vma && is_same_vma(fault, vma);
	space->stats.retry[RETRY_VMA] += !same;
	spin_unlock(&space->lock);
	return same;
}

/* Looks VMA and slot up again where the layout has changed. 0, or FAULT_AGAIN. */
static __attribute__((noinline)) int refind(struct fault *fault)
{
	struct space *space = fault->space;
	struct vma *vma;

	vma = vma_find(space, fault->va);
	if (!vma || !is_same_vma(fault, vma))
		return start_over(fault, RETRY_VMA);
	fault->vma = vma;
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	if (!fault->slot) {
		unsigned before = fault->tables.count;
		unsigned missing = arch_mmu_prepare(&space->mmu, fault->va, &fault->tables);

		space->tables += before - fault->tables.count;
		vma_touch(vma, fault->va);
		if (missing)
			return start_over(fault, RETRY_TABLES);
		fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	}
	return 0;
}

/* Break before make: the frame of the entry is out of all TLBs before another takes its place. */
static __attribute__((noinline)) void clear_entry(struct fault *fault)
{
	struct mmu_entry old = entry_swap(fault->slot, ENTRY_NONE);
	struct mmu_flush flush;

	debt_owe(fault->space, fault->va, old, ENTRY_NONE);
	if (!entry_lessens(old, ENTRY_NONE))
		return;
	mmu_flush_init(&flush);
	mmu_flush_add(&flush, fault->va);
	space_fence(fault->space, &flush);
}

static inline __attribute__((always_inline)) void publish(struct fault *fault,
							  struct mmu_entry entry)
{
	sync_text(fault->vma->rights);
	debt_assert_entry(fault->space, fault->va);
	vma_touch(fault->vma, fault->va);
	arch_mmu_map(fault->slot, fault->va, &entry, 1);
}

/* A page that the mapping alone has: all rights. The reference to it becomes the entry's. */
static inline __attribute__((always_inline)) void publish_own(struct fault *fault,
							      struct page *page, pfn_t pfn,
							      unsigned flags)
{
	page_ref_to_map(page);
	publish(fault, entry_make(pfn, fault->vma->rights, flags));
	space_add_resident(fault->space, 1);
}

/* The frame that was topped up. (A write to a file's page is FILL and COW in one.) */
static void publish_spare(struct fault *fault)
{
	if (fault->kind == FAULT_COW) {
		clear_entry(fault);
		fault->space->resident -= fault->source != NULL;
	} else if (fault->source && fault_is_write(fault)) {
		fault_count(fault, FAULT_COW);
	}
	publish_own(fault, fault->spare, fault->spare_pfn, fault_used_flags(fault));
	fault_count(fault, fault->kind);
	fault->spare = NULL;
}

/* A page that others have too: FILL, and REMAP in one where it is written to. */
static void publish_given(struct fault *fault)
{
	struct page *page = fault->page;
	unsigned rights = fault->vma->rights & fault->page_rights;
	unsigned flags = fault_used_flags(fault) | (fault_is_shared(fault) ? 0 : ENTRY_COW);

	if (fault_is_write(fault)) {
		page_set_dirty(page);
		object_stored(fault->object);
		fault_count(fault, FAULT_REMAP);
	}
	if (page != zero_page)
		page_ref_to_map(page);
	publish(fault, entry_make(page_to_pfn(page), rights, flags));
	fault_count(fault, FAULT_FILL);
	if (page == zero_page)
		fault->space->stats.zero_maps++;
	else
		space_add_resident(fault->space, 1);
	fault->page = NULL;
}

/* Would a write find zeros there: never written, or the zero page? */
static inline bool wants_zeros(const struct fault *fault)
{
	if (fault->kind == FAULT_COW)
		return entry_pfn(fault->entry) == zero_pfn;
	return !fault->vma->backend->at_hand;
}

/* A private write: the frame that was zeroed ahead. */
static __attribute__((noinline)) int install_zeroed(struct fault *fault)
{
	struct page *page = zeroed_take();

	if (!page)
		return FAULT_GO;
	fault_count(fault, fault->kind);
	if (fault->kind == FAULT_COW)
		clear_entry(fault);
	publish_own(fault, page, page->zeroed_pfn, ENTRY_ACCESSED | ENTRY_DIRTY);
	return FAULT_SPENT;
}

int install_at_hand(struct fault *fault)
{
	const struct vma *vma = fault->vma;

	assert_hardened(spin_lock_held(&fault->space->lock));
	if (fault_is_write(fault) && !vma_is_shared(vma))
		return wants_zeros(fault) ? install_zeroed(fault) : FAULT_GO;
	if (vma->object)
		return install_object_at_hand(fault);
	install_zero(fault);
	return 0;
}

/*
 * FILL: is the page that was found in the object still there? (COW asks nothing of it: a truncation
 * that has taken it out of its object meanwhile empties this entry next.) => the object's lock held
 */
static bool is_same_source(const struct fault *fault)
{
	const struct page *page = fault->source ? fault->source : fault->page;

	if (fault->kind != FAULT_FILL || !page || page == zero_page)
		return true;
	return object_holds_locked(fault->object, fault->index, page);
}

static __attribute__((noinline)) int publish_from_object(struct fault *fault)
{
	int result = 0;

	spin_lock(&fault->object->lock);
	if (!is_same_source(fault))
		result = start_over(fault, RETRY_SOURCE);
	else if (fault->page)
		publish_given(fault);
	else
		publish_spare(fault);
	spin_unlock(&fault->object->lock);
	return result;
}

/* Is it the kind that it was, and (COW) does the entry hold what was copied? */
static __attribute__((noinline)) bool is_same_entry(const struct fault *fault)
{
	struct mmu_entry entry = entry_load(fault->slot);

	if (fault_judge(fault->wanted, fault->vma, entry) != fault->kind)
		return false;
	return fault->kind != FAULT_COW || entry_pfn(entry) == entry_pfn(fault->entry);
}

static inline int install_locked(struct fault *fault)
{
	struct space *space = fault->space;

	assert_hardened(spin_lock_held(&space->lock));
	if (unlikely(space->dying))
		return VM_DYING;
	if (unlikely(fault->layout != space->layout || !fault->slot)) {
		int result = refind(fault);

		if (result)
			return result;
	}
	if (unlikely(!is_same_entry(fault)))
		return start_over(fault, RETRY_ENTRY);
	if (unlikely(fault->object))
		return publish_from_object(fault);
	if (unlikely(fault->page))
		publish_given(fault);
	else
		publish_spare(fault);
	return 0;
}

/* COW: the page that was in the entry, and was counted; NULL: none was. */
static inline struct page *replaced_page(const struct fault *fault)
{
	return likely(fault->kind != FAULT_COW) ? NULL : fault->source;
}

int vma_install(struct fault *fault)
{
	struct space *space = fault->space;
	int result;

	interleave(INTERLEAVE_DECIDED, LOCK_NONE, NULL);
	spin_lock(&space->lock);
	result = install_locked(fault);
	debt_assert_none(space);
	if (!result && replaced_page(fault))
		debt_assert_frame(space, replaced_page(fault));
	spin_unlock(&space->lock);
	if (!result && replaced_page(fault))
		page_map_put(replaced_page(fault));
	return result;
}
