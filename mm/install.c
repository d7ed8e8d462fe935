/* The one place that grants access to a page. */
#include "mm/install.h"

#include "arch/hart.h"
#include "mm/debt.h"
#include "sync/interleave.h"

/*
 * Locks: the space's, then the object's where the page has one. All that a handler saw is looked at
 * again under them: VMA, entry, page, and the classification is run again; an entry can be
 * bit-identical while the world has changed. What needs no page, and what is at hand, is granted in
 * the lock hold of the look-up itself.
 */

/* (Apart from fault_judge_held(), so that it needs no stack.) */
static __attribute__((noinline)) enum fault_kind judge_page(const struct fault *fault,
							    const struct vma *vma,
							    struct mmu_entry entry,
							    const struct page *page)
{
	struct fault_facts facts = {
		.access = fault->access,
		.vma_rights = vma->rights,
		.vma_shared = vma_is_shared(vma),
		.entry_state = entry_state(entry),
		.entry_rights = entry_rights(entry),
		.entry_flags = entry_flags(entry),
		.page_kind = page->kind,
		.page_flags = page->pins ? FACT_PINNED : 0,
		.maps = page->maps,
	};

	return fault_classify(&facts);
}

enum fault_kind fault_judge_held(const struct fault *fault, const struct vma *vma,
				 struct mmu_entry entry)
{
	return judge_page(fault, vma, entry, pfn_to_page(entry_pfn(entry)));
}

/* => space lock held */
static inline void count_kind(struct fault *fault, enum fault_kind kind)
{
	fault->space->stats.kind[kind]++;
	fault->vma->faults.kind[kind]++;
}

/* Text that this hart is about to run may have been written by it. */
static inline void sync_text(unsigned rights)
{
	if (unlikely(rights & RIGHT_EXEC))
		arch_icache_sync();
}

static inline unsigned used_flags(const struct fault *fault)
{
	return fault_is_write(fault) ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
}

/* Gives the entry's own frame more rights. */
static inline int grant_more(struct fault *fault, struct mmu_entry old, unsigned rights,
			     unsigned flags)
{
	struct mmu_entry new = entry_with(old, rights, flags);

	interleave(INTERLEAVE_GRANTING, LOCK_NONE, fault->slot);
	sync_text(rights & ~entry_rights(old));
	if (unlikely(!entry_cas(fault->slot, old, new))) {
		fault->space->stats.retry[RETRY_RACE]++;
		return FAULT_AGAIN;
	}
	arch_mmu_fence_local(fault->va);
	count_kind(fault, fault->kind);
	return 0;
}

/*
 * What an entry lags behind its VMA, but for the right to write, which REUSE, COW and REMAP give.
 */
static int grant_accessed(struct fault *fault, struct mmu_entry entry)
{
	unsigned rights = entry_rights(entry) | (fault->vma->rights & ~RIGHT_WRITE);

	return grant_more(fault, entry, rights, entry_flags(entry) | used_flags(fault));
}

static int grant_remap(struct fault *fault, struct mmu_entry entry)
{
	/*
	 * A page that a truncation has taken out of its object meanwhile goes from here too, soon:
	 * this write came before it. (Pages of files want write-back and its limit: not built.)
	 */
	assert(!fault->vma->object->ops->fill);
	page_set_dirty(pfn_to_page(entry_pfn(entry)));
	return grant_more(fault, entry, fault->vma->rights, used_flags(fault));
}

int install_in_place(struct fault *fault, struct mmu_entry entry)
{
	assert_hardened(spin_lock_held(&fault->space->lock));
	if (likely(fault->kind == FAULT_REUSE))
		return grant_more(fault, entry, fault->vma->rights, ENTRY_ACCESSED | ENTRY_DIRTY);
	switch (fault->kind) {
	case FAULT_ACCESSED:
		return grant_accessed(fault, entry);
	case FAULT_SPURIOUS:
		arch_mmu_fence_local(fault->va);
		count_kind(fault, FAULT_SPURIOUS);
		return 0;
	case FAULT_REMAP:
		return grant_remap(fault, entry);
	default:
		panic("fault: %s is not done in place", fault_kind_name(fault->kind));
	}
}

/* A read of never-written memory: the zero page, and nothing else is asked. */
static inline void install_zero(struct fault *fault)
{
	struct mmu_entry entry =
		entry_make(zero_pfn, fault->vma->rights & ~RIGHT_WRITE, ENTRY_ACCESSED | ENTRY_COW);

	debt_assert_entry(fault->space, fault->va);
	vma_touch(fault->vma, fault->va);
	page_map_get(zero_page);
	arch_mmu_map(fault->slot, fault->va, &entry, 1);
	count_kind(fault, FAULT_FILL);
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
	install_object_page(fault, fault->slot, fault->va, page, RIGHT_WRITE);
	vma_touch(fault->vma, fault->va);
	space_add_resident(fault->space, 1);
	count_kind(fault, FAULT_FILL);
	count_kind(fault, FAULT_REMAP);
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
	count_kind(fault, FAULT_FILL);
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
static __attribute__((noinline)) bool install_object_at_hand(struct fault *fault)
{
	struct object *object = fault->vma->object;
	bool done;

	spin_lock(&object->lock);
	done = install_from_object(fault);
	spin_unlock(&object->lock);
	return done;
}

bool install_at_hand(struct fault *fault)
{
	assert_hardened(spin_lock_held(&fault->space->lock));
	sync_text(fault->vma->rights);
	if (fault->vma->object)
		return install_object_at_hand(fault);
	install_zero(fault);
	return true;
}

static int start_over(struct fault *fault, enum fault_retry reason)
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
		int result = arch_mmu_prepare(&space->mmu, fault->va, &fault->tables);

		space->tables += before - fault->tables.count;
		vma_touch(vma, fault->va);
		fault->ntables = 2;
		if (result)
			return start_over(fault, RETRY_TABLES);
		fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	}
	return 0;
}

/* Break before make: the frame of `old` is out of all TLBs before another takes its place. */
static __attribute__((noinline)) void clear_entry(struct fault *fault)
{
	struct mmu_entry old = entry_swap(fault->slot, ENTRY_NONE);
	struct mmu_flush flush;

	debt_owe(fault->space, fault->va, old, ENTRY_NONE);
	if (fault->source != zero_page)
		fault->space->resident--;
	if (!entry_lessens(old, ENTRY_NONE))
		return;
	mmu_flush_init(&flush);
	mmu_flush_add(&flush, fault->va);
	space_fence(fault->space, &flush);
}

/* FILL and COW in one, FILL and REMAP in one, or one of them. */
static inline void count_kinds(struct fault *fault)
{
	count_kind(fault, fault->kind);
	if (likely(!fault->object) || fault->kind != FAULT_FILL || !fault_is_write(fault))
		return;
	if (fault_is_shared(fault))
		count_kind(fault, FAULT_REMAP);
	else if (fault->source)
		count_kind(fault, FAULT_COW);
}

static inline __attribute__((always_inline)) void publish(struct fault *fault)
{
	struct page *page = fault->page;
	struct mmu_entry entry = entry_make(fault->pfn, fault->vma->rights & fault->page_rights,
					    used_flags(fault) | fault->page_flags);

	sync_text(fault->vma->rights);
	if (fault->kind == FAULT_COW)
		clear_entry(fault);
	debt_assert_entry(fault->space, fault->va);
	vma_touch(fault->vma, fault->va);
	if (fault_is_write(fault) && fault_is_shared(fault))
		page_set_dirty(page);
	page_ref_to_map(page);
	arch_mmu_map(fault->slot, fault->va, &entry, 1);
	count_kinds(fault);
	if (likely(page != zero_page))
		space_add_resident(fault->space, 1);
	else
		fault->space->stats.zero_maps++;
	fault->page = NULL;
}

/*
 * FILL: is the page that was found in the object still there? (COW asks nothing of it: a truncation
 * that has taken it out of its object meanwhile empties this entry next.) => the object's lock held
 */
static bool is_same_source(const struct fault *fault)
{
	const struct page *page = fault->source ? fault->source : fault->page;

	if (fault->kind != FAULT_FILL || page->kind != PAGE_OBJECT)
		return true;
	return object_holds_locked(fault->object, fault->index, page);
}

static __attribute__((noinline)) int publish_from_object(struct fault *fault)
{
	int result = 0;

	spin_lock(&fault->object->lock);
	if (is_same_source(fault))
		publish(fault);
	else
		result = start_over(fault, RETRY_SOURCE);
	spin_unlock(&fault->object->lock);
	return result;
}

static inline int install_locked(struct fault *fault)
{
	struct mmu_entry entry;

	assert_hardened(spin_lock_held(&fault->space->lock));
	if (unlikely(fault->space->dying))
		return VM_DYING;
	if (unlikely(fault->layout != fault->space->layout || !fault->slot)) {
		int result = refind(fault);

		if (result)
			return result;
	}
	entry = entry_load(fault->slot);
	if (fault_judge(fault, fault->vma, entry) != fault->kind)
		return start_over(fault, RETRY_ENTRY);
	if (fault->kind == FAULT_COW && pfn_to_page(entry_pfn(entry)) != fault->source)
		return start_over(fault, RETRY_ENTRY);
	if (fault->object)
		return publish_from_object(fault);
	publish(fault);
	return 0;
}

int vma_install(struct fault *fault)
{
	struct page *old = fault->kind == FAULT_COW ? fault->source : NULL;
	int result;

	interleave(INTERLEAVE_DECIDED, LOCK_NONE, NULL);
	spin_lock(&fault->space->lock);
	result = install_locked(fault);
	debt_assert_none(fault->space);
	if (!result && old)
		debt_assert_frame(fault->space, old);
	spin_unlock(&fault->space->lock);
	if (!result && old)
		page_map_put(old);
	return result;
}
