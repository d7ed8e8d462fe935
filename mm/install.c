/* The one place that grants access to a page. */
#include "mm/install.h"

#include "arch/hart.h"
#include "mm/debt.h"

/*
 * Locks: the space's, then the object's where the page has one. All that a handler saw is looked at again under them:
 * VMA, entry, page, and the classification is run again; an entry can be bit-identical while the world has changed.
 * What needs no page (and what is at hand) is granted in the lock hold of the look-up itself.
 */

enum fault_kind fault_judge(const struct fault *fault, const struct vma *vma, struct mmu_entry entry)
{
	struct fault_facts facts = {
		.access = fault->access,
		.vma_rights = vma->rights,
		.vma_shared = vma_is_shared(vma),
		.entry_state = entry_state(entry),
	};

	if (facts.entry_state == ENTRY_PRESENT || facts.entry_state == ENTRY_RESIDENT) {
		const struct page *page = pfn_to_page(entry_pfn(entry));

		facts.entry_rights = entry_rights(entry);
		facts.entry_flags = entry_flags(entry);
		facts.page_kind = page->kind;
		facts.page_flags = page->pins ? FACT_PINNED : 0;
		facts.maps = atomic_load_relaxed(&page->maps);
	}
	return fault_classify(&facts);
}

/* Text that this hart is about to run may have been written by it. */
static void sync_text(unsigned rights)
{
	if (rights & RIGHT_EXEC)
		arch_icache_sync();
}

static unsigned used_flags(const struct fault *fault)
{
	return fault_is_write(fault) ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
}

/* Gives the entry's own frame more rights. */
static int grant_more(struct fault *fault, struct mmu_entry *slot, struct mmu_entry old,
		      unsigned rights, unsigned flags)
{
	struct mmu_entry new = entry_with(old, rights, flags);

	sync_text(rights & ~entry_rights(old));
	if (!entry_cas(slot, old, new)) {
		fault->space->stats.retry[RETRY_RACE]++;
		return FAULT_AGAIN;
	}
	arch_mmu_fence_local(fault->va);
	return 0;
}

/* What an entry lags behind its VMA, but for the right to write, which REUSE, COW and REMAP give. */
static int grant_accessed(struct fault *fault, struct vma *vma, struct mmu_entry *slot,
			  struct mmu_entry entry)
{
	unsigned rights = entry_rights(entry) | (vma->rights & ~RIGHT_WRITE);

	return grant_more(fault, slot, entry, rights, entry_flags(entry) | used_flags(fault));
}

static int grant_remap(struct fault *fault, struct vma *vma, struct mmu_entry *slot,
		       struct mmu_entry entry)
{
	/*
	 * A page that a truncation has taken out of its object meanwhile goes from here too, soon: this write came
	 * before it. (Pages of files want write-back and its limit: not built.)
	 */
	assert(!vma->object->ops->fill);
	page_set_dirty(pfn_to_page(entry_pfn(entry)));
	return grant_more(fault, slot, entry, vma->rights, used_flags(fault));
}

int install_in_place(struct fault *fault, struct vma *vma, struct mmu_entry *slot,
		     struct mmu_entry entry)
{
	int result = 0;

	assert_hardened(spin_lock_held(&fault->space->lock));
	switch (fault->kind) {
	case FAULT_ACCESSED:
		result = grant_accessed(fault, vma, slot, entry);
		break;
	case FAULT_SPURIOUS:
		arch_mmu_fence_local(fault->va);
		break;
	case FAULT_REUSE:
		result = grant_more(fault, slot, entry, vma->rights, used_flags(fault));
		break;
	case FAULT_REMAP:
		result = grant_remap(fault, vma, slot, entry);
		break;
	default:
		panic("fault: %s is not done in place", fault_kind_name(fault->kind));
	}
	if (!result)
		fault->space->stats.kind[fault->kind]++;
	return result;
}

/* The entry for a page that came by FILL or COW. The zero page and a private mapping's object pages are not its own. */
static struct mmu_entry first_entry(const struct vma *vma, const struct page *page, unsigned rights,
				    unsigned flags)
{
	if (page->kind != PAGE_ANON && !vma_is_shared(vma))
		flags |= ENTRY_COW;
	return entry_make(page_to_pfn(page), vma->rights & rights, flags);
}

static void count_fill(struct fault *fault, const struct page *page)
{
	struct space_stats *stats = &fault->space->stats;

	stats->kind[fault->kind]++;
	if (page == zero_page) {
		stats->zero_maps++;
		return;
	}
	space_add_resident(fault->space, 1);
	if (!fault_is_write(fault) || fault->kind != FAULT_FILL)
		return;
	if (fault_is_shared(fault))
		stats->kind[FAULT_REMAP]++;
	else if (fault->source)
		stats->kind[FAULT_COW]++;
}

/* Pages of an object that one fault maps: an aligned window of so many. */
#define AROUND_PAGES 16

/* The entries of the window that are EMPTY and have their page at hand, mapped for later reads. */
static void install_around(struct fault *fault, struct vma *vma, const struct mmu_entry *slot)
{
	vaddr_t window = ALIGN_DOWN(fault->va, AROUND_PAGES * PAGE_SIZE);
	vaddr_t va = MAX(window, vma->start);
	vaddr_t end = MIN(window + AROUND_PAGES * PAGE_SIZE, vma->end);
	struct mmu_entry run[AROUND_PAGES];
	unsigned n = 0, total = 0;

	slot -= (fault->va - va) >> PAGE_SHIFT;
	for (; va < end; va += PAGE_SIZE, slot++) {
		struct page *page = NULL;

		if (entry_empty(entry_load(slot)))
			page = vma->backend->at_hand(vma, va);
		if (page && page != zero_page) {
			debt_assert_entry(fault->space, va);
			page_map_get(page);
			run[n++] = first_entry(vma, page, RIGHT_READ | RIGHT_EXEC, ENTRY_ACCESSED);
			continue;
		}
		if (n)
			arch_mmu_map(&fault->space->mmu, va - n * PAGE_SIZE, run, n);
		total += n;
		n = 0;
	}
	if (n)
		arch_mmu_map(&fault->space->mmu, va - n * PAGE_SIZE, run, n);
	space_add_resident(fault->space, total + n);
	fault->space->stats.around += total + n;
}

static void install_one(struct fault *fault, struct vma *vma, struct page *page)
{
	struct mmu_entry entry;
	unsigned rights = RIGHT_READ | RIGHT_EXEC;

	if (fault_is_write(fault))
		rights |= RIGHT_WRITE;
	entry = first_entry(vma, page, rights, used_flags(fault));
	debt_assert_entry(fault->space, fault->va);
	page_map_get(page);
	arch_mmu_map(&fault->space->mmu, fault->va, &entry, 1);
	count_fill(fault, page);
}

/* => the object's lock held */
static bool install_object_page(struct fault *fault, struct vma *vma, const struct mmu_entry *slot)
{
	struct page *page = vma->backend->at_hand(vma, fault->va);

	if (!page)
		return false;
	if (fault_is_write(fault) && page != zero_page)
		page_set_dirty(page);
	install_one(fault, vma, page);
	if (!fault_is_write(fault))
		install_around(fault, vma, slot);
	return true;
}

bool install_at_hand(struct fault *fault, struct vma *vma, const struct mmu_entry *slot)
{
	struct page *page;
	bool done;

	assert_hardened(spin_lock_held(&fault->space->lock));
	sync_text(vma->rights);
	if (!vma->object) {
		page = vma->backend->at_hand(vma, fault->va);
		if (page)
			install_one(fault, vma, page);
		return page != NULL;
	}
	spin_lock(&vma->object->lock);
	done = install_object_page(fault, vma, slot);
	spin_unlock(&vma->object->lock);
	return done;
}

static int start_over(struct fault *fault, enum fault_retry reason)
{
	fault->space->stats.retry[reason]++;
	return FAULT_AGAIN;
}

/* Is the VMA still what was found: same backing, offset and rights? It need not be the same struct. */
static bool is_same_vma(const struct fault *fault, const struct vma *vma)
{
	return vma->backend == fault->backend && vma->object == fault->object &&
	       vma->rights == fault->vma_rights && vma->flags == fault->vma_flags &&
	       vma->file_end == fault->file_end &&
	       (!vma->object || vma_index(vma, fault->va) == fault->index);
}

/* The entry's slot, its tables made of what was topped up; NULL: one more is needed. */
static struct mmu_entry *prepare_slot(struct fault *fault)
{
	struct space *space = fault->space;
	struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, fault->va);
	unsigned before = fault->tables.count;
	int result;

	if (slot)
		return slot;
	result = arch_mmu_prepare(&space->mmu, fault->va, &fault->tables);
	space->tables += before - fault->tables.count;
	return result ? NULL : arch_mmu_lookup(&space->mmu, fault->va);
}

/* Break before make: the frame of `old` is out of all TLBs before another takes its place. */
static void clear_entry(struct fault *fault, struct mmu_entry *slot)
{
	struct mmu_entry old = entry_swap(slot, ENTRY_NONE);
	struct mmu_flush flush;

	debt_owe(fault->space, fault->va, old, ENTRY_NONE);
	if (fault->source != zero_page)
		fault->space->resident--;
	if (!entry_lessens(old, ENTRY_NONE))
		return;
	flush.count = 0;
	flush.all = flush.tables = flush.text = false;
	mmu_flush_add(&flush, fault->va);
	space_fence(fault->space, &flush);
}

static void publish(struct fault *fault, struct vma *vma, struct mmu_entry *slot)
{
	struct mmu_entry entry = first_entry(vma, fault->page, fault->page_rights, used_flags(fault));

	sync_text(vma->rights);
	if (fault->kind == FAULT_COW)
		clear_entry(fault, slot);
	debt_assert_entry(fault->space, fault->va);
	if (fault_is_write(fault) && fault_is_shared(fault))
		page_set_dirty(fault->page);
	__atomic_fetch_add(&fault->page->counts, PAGE_ONE_MAP - PAGE_ONE_REF, __ATOMIC_RELAXED);
	arch_mmu_map(&fault->space->mmu, fault->va, &entry, 1);
	count_fill(fault, fault->page);
	fault->page = NULL;
}

/*
 * FILL: is the page that was found in the object still there? (COW asks nothing of it: a truncation that has taken
 * it out of its object meanwhile empties this entry next.) => the object's lock held
 */
static bool is_same_source(const struct fault *fault)
{
	const struct page *page = fault->source ? fault->source : fault->page;

	if (fault->kind != FAULT_FILL || page->kind != PAGE_OBJECT)
		return true;
	return object_holds_locked(fault->object, fault->index, page);
}

static int install_locked(struct fault *fault)
{
	struct vma *vma = vma_find(fault->space, fault->va);
	struct mmu_entry *slot, entry;
	int result = 0;

	assert_hardened(spin_lock_held(&fault->space->lock));
	if (fault->space->dying)
		return VM_DYING;
	if (!vma || !is_same_vma(fault, vma))
		return start_over(fault, RETRY_VMA);
	slot = prepare_slot(fault);
	if (!slot) {
		fault->ntables = 2;
		return start_over(fault, RETRY_TABLES);
	}
	entry = entry_load(slot);
	if (fault_judge(fault, vma, entry) != fault->kind)
		return start_over(fault, RETRY_ENTRY);
	if (fault->kind == FAULT_COW && pfn_to_page(entry_pfn(entry)) != fault->source)
		return start_over(fault, RETRY_ENTRY);
	if (!fault->object) {
		publish(fault, vma, slot);
		return 0;
	}
	spin_lock(&fault->object->lock);
	if (is_same_source(fault))
		publish(fault, vma, slot);
	else
		result = start_over(fault, RETRY_SOURCE);
	spin_unlock(&fault->object->lock);
	return result;
}

int vma_install(struct fault *fault)
{
	struct page *old = fault->kind == FAULT_COW ? fault->source : NULL;
	int result;

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
