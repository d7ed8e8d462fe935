/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#include "mm/fault/install.h"

#include "arch/hart.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/fault_classify.h"
#include "mm/fault/run.h"
#include "mm/fault/zero_page.h"
#include "mm/phys/large_page.h"
#include "mm/phys/zeroed.h"
#include "mm/record.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_in.h"
#include "sync/interleave.h"

/*
 * The caller has held the space's lock since it found the VMA and the entry and got the page, so
 * that these have not changed. Only the hardware may have set bits of the entry. Entries that have
 * a page are therefore changed by atomic operations only.
 */

/* In larger ranges, faults give the entries the permissions that their VMA has gained. */
#define GAINED_PAGES_MAX 16
#define GAINED_LARGE_MAX 128 /* large entries */

/* This hart may have written the text that it is about to run. */
static inline void sync_text(struct space *space, unsigned prot)
{
	if (unlikely(prot & VM_PROT_EXEC))
		arch_mmu_sync_text(&space->mmu);
}

/* ---- FILL and COW: a page ---- */

/* Writes an entry that is EMPTY or SWAP. */
static inline void install_publish(struct space *space, struct mmu_entry *slot, vaddr_t va,
				   struct mmu_entry entry)
{
	debt_assert_entry(space, va);
	arch_mmu_map(slot, va, entry);
}

/* FILL by a reader: writes the entry, unless that of another hart does so first. What it maps was made before. */
static enum vm_outcome publish_beside(struct fault *fault, struct mmu_entry entry)
{
	struct space_reader *self = fault->reader;
	struct page *page = fault->page;

	vma_touch_beside(fault->vma, fault->va);
	if (likely(arch_mmu_map_first(fault->slot, fault->va, entry))) {
		self->faults.kind[FAULT_FILL]++;
		if (page)
			return run_begin_if_used(fault);
		self->zero_maps++;
		run_zeros_if_used(fault);
		return VM_OK;
	}
	if (page) { /* of zeros */
		page_map_to_ref(page);
		page->zeroed_pfn = fault->pfn;
		zeroed_give(page);
	}
	return VM_AGAIN;
}

static enum vm_outcome install_zero_page(struct fault *fault)
{
	/* Loaded once: the compiler cannot know that none of them changes. */
	struct space *const space = fault->space;
	struct vma *const vma = fault->vma;
	const vaddr_t va = fault->va;
	const struct mmu_entry entry = zero_page_entry(fault->attr.prot);

	if (unlikely(fault->reader))
		return publish_beside(fault, entry);
	vma_touch(vma, va);
	install_publish(space, fault->slot, va, entry);
	fault_count_in(space, vma, FAULT_FILL);
	space->stats.zero_maps++;
	run_zeros_if_used(fault);
	return VM_OK;
}

/* Maps a private frame. Its reference becomes that of the entry. */
static inline enum vm_outcome install_frame(struct fault *fault, enum fault_kind kind)
{
	/* Loaded once, as in install_zero_page(). */
	struct space *const space = fault->space;
	struct vma *const vma = fault->vma;
	const vaddr_t va = fault->va;
	const unsigned prot = fault->attr.prot;
	const struct mmu_entry entry = entry_make(fault->pfn, prot, fault_used_flags(fault));

	sync_text(space, prot);
	page_ref_to_map(fault->page);
	if (unlikely(fault->reader))
		return publish_beside(fault, entry);
	vma_touch(vma, va);
	vma->has_private = true;
	install_publish(space, fault->slot, va, entry);
	space_add_resident(space, 1);
	fault_count_in(space, vma, kind);
	return run_begin_if_used(fault);
}

/*
 * Clears the entry of a page that a copy replaces. Break before make: no TLB has the old frame any
 * more when the new one is written to the entry.
 */
static void clear_entry(struct fault *fault)
{
	struct mmu_entry old = entry_swap(fault->slot, ENTRY_NONE);
	pfn_t pfn = entry_pfn(fault->entry);
	struct mmu_flush flush;

	if (pfn != zero_pfn) {
		const struct copy_source *source = &fault->prepared->copy.source;

		fault->prepared->replaced = pfn == source->pfn ? source->page : pfn_to_page(pfn);
		fault->space->resident--;
		if (fault->attr.object && page_is_of_object(fault->prepared->replaced))
			space_count_of_object(fault->space, fault->attr.object, (size_t)-1);
	}
	debt_owe(fault->space, fault->va, old, ENTRY_NONE);
	if (!entry_downgrades(old, ENTRY_NONE))
		return;
	mmu_flush_init(&flush);
	mmu_flush_add(&flush, fault->va);
	space_fence(fault->space, &flush);
}

enum vm_outcome install_copy(struct fault *fault)
{
	clear_entry(fault);
	return install_frame(fault, FAULT_COW);
}

/* Permissions and flags of entries for an object's pages. `write`: a write to a shared mapping. */
struct object_entry {
	unsigned prot, flags;
};

static inline struct object_entry object_entry(const struct fault *fault, bool write)
{
	const struct vma_attr *vma = &fault->attr;
	struct object_entry entry = {
		.prot = vma->prot & (VM_PROT_READ | VM_PROT_EXEC | (write ? VM_PROT_WRITE : 0)),
		.flags = write ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED,
	};

	if (!(vma->flags & VMA_SHARED))
		entry.flags |= ENTRY_COW;
	return entry;
}

static inline void install_object_page(struct fault *fault, struct mmu_entry *slot, vaddr_t va,
				       struct page *page, struct object_entry entry,
				       uint32_t *pfn_ret)
{
	pfn_t pfn = page_to_pfn(page);

	page_map_get(page);
	install_publish(fault->space, slot, va, entry_make(pfn, entry.prot, entry.flags));
	if (pfn_ret)
		*pfn_ret = (uint32_t)pfn;
}

/* Maps an object's page for a write to a shared mapping: FILL and REMAP in one. */
static void install_written(struct fault *fault)
{
	object_stored(fault->attr.object, fault->page);
	install_object_page(fault, fault->slot, fault->va, fault->page, object_entry(fault, true),
			    NULL);
	vma_touch(fault->vma, fault->va);
	space_add_resident(fault->space, 1);
	space_count_of_object(fault->space, fault->attr.object, 1);
	fault_count(fault, FAULT_FILL);
	fault_count(fault, FAULT_REMAP);
}

/*
 * For a read: maps the resident pages of the window where the entry is EMPTY. If the hardware
 * maintains A, only the faulting page gets it. If the kernel does, all get it: otherwise each would
 * fault on its first use. Inline: bench row file_read_fault.
 */
static inline __attribute__((always_inline)) void install_around(struct fault *fault, bool record)
{
	struct mmu_entry *slot = fault->slot - ((fault->va - fault->window) >> PAGE_SHIFT);
	const struct object_entry asked = object_entry(fault, false);
	const struct object_entry entry = {
		.prot = asked.prot,
		.flags = arch_sets_accessed() ? asked.flags & ~ENTRY_ACCESSED : asked.flags,
	};
	struct page *const *next = fault->pages, *const *end = next + fault->npages;
	vaddr_t va = fault->window;
	uint32_t *frame = fault->around_frames;
	unsigned total = 1, around = 0;

	install_object_page(fault, fault->slot, fault->va, fault->page, asked, NULL);
	vma_touch(fault->vma, va);
	vma_touch(fault->vma, va + (fault->npages - 1) * PAGE_SIZE);
	for (; next < end; next++, slot++, va += PAGE_SIZE) {
		struct page *page = *next;

		if (!index_is_page(page) || page == zero_page || !entry_empty(entry_load(slot)))
			continue;
		install_object_page(fault, slot, va, page, entry, record ? frame++ : NULL);
		if (record)
			around |= 1u << (next - fault->pages);
		total++;
	}
	if (record) {
		fault->naround = total - 1;
		fault->around = around;
	}
	space_add_resident(fault->space, total);
	space_count_of_object(fault->space, fault->attr.object, total);
	fault->space->stats.around += total - 1;
	fault_count(fault, FAULT_FILL);
}

/* install_around() for the journal: notes which pages were mapped. */
static void install_around_recorded(struct fault *fault)
{
	install_around(fault, true);
}

/* Not inline: bench row bss_read_fault. */
static __attribute__((noinline)) enum vm_outcome install_from_object(struct fault *fault)
{
	sync_text(fault->space, fault->attr.prot);
	if (fault_is_write(fault))
		install_written(fault);
	else if (unlikely(fault->space->recorded))
		install_around_recorded(fault);
	else
		install_around(fault, false);
	return VM_OK;
}

enum vm_outcome install_fill(struct fault *fault)
{
	if (!fault->page)
		return install_zero_page(fault);
	if (unlikely(!fault_got_frame(fault)))
		return install_from_object(fault);
	if (unlikely(fault_is_copy(fault)) && fault_is_write(fault))
		fault_count(fault, FAULT_COW); /* of a file's page that was not mapped yet */
	return install_frame(fault, FAULT_FILL);
}

/* ---- a block, by a large entry ---- */

enum vm_outcome install_large(struct fault *fault, vaddr_t base)
{
	struct fault_prepared *prepared = fault->prepared;
	struct space *space = fault->space;
	const unsigned before = prepared->tables.count;
	const struct mmu_entry entry =
		entry_make(page_to_pfn(prepared->block), fault->attr.prot, fault_used_flags(fault));

	assert_hardened(spin_lock_held(&space->lock) && !fault->reader);
	debt_assert_entry(space, base);
	fault->need.ntables = arch_mmu_map_large(&space->mmu, base, entry, &prepared->tables);
	if (fault->need.ntables)
		return fault_need(fault, FAULT_NEEDS_TABLES);
	space->tables += before - prepared->tables.count;
	space->large++;
	prepared->block = NULL;
	vma_touch(fault->vma, base);
	vma_touch(fault->vma, base + MMU_LARGE_SIZE - PAGE_SIZE);
	fault->vma->has_private = true;
	space_add_resident(space, MMU_LEAF_ENTRIES);
	fault_count(fault, FAULT_FILL);
	counter_add(&large_counts.filled, 1);
	return VM_OK;
}

/* ---- for a collapse ---- */

void install_moved(struct vma *vma, struct mmu_entry *slot, vaddr_t va, struct page *page)
{
	struct space *space = vma->space;

	assert_hardened(spin_lock_held(&space->lock));
	page_ref_to_map(page);
	install_publish(space, slot, va,
			entry_make(page_to_pfn(page), vma->prot, ENTRY_ACCESSED | ENTRY_DIRTY));
	space_add_resident(space, 1);
}

void install_collapsed(struct vma *vma, vaddr_t base, struct page *head)
{
	struct space *space = vma->space;
	struct mmu_tables none = { 0 };
	unsigned missing;

	assert_hardened(spin_lock_held(&space->lock));
	debt_assert_entry(space, base);
	missing = arch_mmu_map_large(
		&space->mmu, base,
		entry_make(page_to_pfn(head), vma->prot, ENTRY_ACCESSED | ENTRY_DIRTY), &none);
	assert(!missing); /* there was a table below it */
	space->large++;
	vma_touch(vma, base);
	vma_touch(vma, base + MMU_LARGE_SIZE - PAGE_SIZE);
	vma->has_private = true;
}

/* ---- runs: pages ahead of a fault ---- */

/* If the hardware maintains A and D, a page that is not used has neither. If the kernel does, it would fault. */
static inline unsigned unused_flags(void)
{
	return arch_sets_accessed() ? 0 : ENTRY_ACCESSED | ENTRY_DIRTY;
}

/* Clears the entries for the zero page from the batch's page i on, up to one that has another page. */
static void clear_zeros(struct space *space, const struct install_batch *batch,
			struct mmu_entry *slot, size_t i)
{
	struct mmu_flush flush;

	mmu_flush_init(&flush);
	for (; i < batch->n; i++, slot += batch->step) {
		struct mmu_entry old = entry_load(slot);

		if (entry_empty(old))
			continue;
		if (!entry_is_zero_page(old))
			break;
		old = entry_swap(slot, ENTRY_NONE);
		debt_owe(space, install_batch_va(batch, i), old, ENTRY_NONE);
		mmu_flush_add(&flush, install_batch_va(batch, i));
	}
	space_fence(space, &flush);
}

size_t install_batch(struct space *space, struct vma *vma, const struct install_batch *batch)
{
	const unsigned prot = vma->prot, flags = unused_flags();
	const size_t n = batch->n;
	const long step = batch->step;
	struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, batch->va);
	size_t i;

	if (unlikely(!slot))
		return 0;
	vma_touch(vma, batch->va);
	vma_touch(vma, install_batch_va(batch, n - 1));
	for (i = 0; i < n; i++, slot += step) {
		struct page *page = batch->pages[i];
		struct mmu_entry old = entry_load(slot);

		if (unlikely(!entry_empty(old))) {
			if (!entry_is_zero_page(old))
				break;
			clear_zeros(space, batch, slot, i);
		}
		debt_assert_entry(space, install_batch_va(batch, i));
		page_ref_to_map(page);
		arch_mmu_map(slot, install_batch_va(batch, i),
			     entry_make(page->zeroed_pfn, prot, flags));
	}
	return i;
}

size_t install_batch_beside(struct space *space, struct vma *vma, const struct install_batch *batch)
{
	const unsigned prot = vma->prot, flags = unused_flags();
	struct mmu_entry *slot = arch_mmu_lookup(&space->mmu, batch->va);
	size_t i;

	if (unlikely(!slot))
		return 0;
	vma_touch_beside(vma, batch->va);
	vma_touch_beside(vma, install_batch_va(batch, batch->n - 1));
	for (i = 0; i < batch->n; i++, slot += batch->step) {
		struct page *page = batch->pages[i];

		page_ref_to_map(page);
		if (!arch_mmu_map_first(slot, install_batch_va(batch, i),
					entry_make(page->zeroed_pfn, prot, flags))) {
			page_map_to_ref(page);
			break;
		}
	}
	return i;
}

/* Maps the zero page up to n times beside other readers. Returns how often it did. */
static size_t map_zeros_beside(const struct fault *fault, long step, size_t n,
			       struct mmu_entry entry)
{
	struct mmu_entry *slot = fault->slot;
	vaddr_t va = fault->va;
	size_t i;

	for (i = 0; i < n; i++) {
		slot += step;
		va += (vaddr_t)step * PAGE_SIZE;
		if (!arch_mmu_map_first(slot, va, entry))
			break;
	}
	return i;
}

size_t install_zeros(struct fault *fault, long step, size_t n)
{
	const struct mmu_entry entry = zero_page_entry(fault->attr.prot);
	vaddr_t last = fault->va + (vaddr_t)step * n * PAGE_SIZE;

	if (fault->reader) {
		vma_touch_beside(fault->vma, last);
		return map_zeros_beside(fault, step, n, entry);
	}
	vma_touch(fault->vma, last);
	return arch_mmu_map_same(fault->slot, fault->va, step, n, entry);
}

/* ---- SWAPPED: the page of the slot ---- */

bool install_swapped_page(const struct swapped_page *swapped, bool write, bool own)
{
	struct vma *vma = swapped->vma;
	struct space *space = vma->space;
	unsigned flags = write ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
	const bool protected = entry_is_wp(entry_load(swapped->slot));
	bool alone;

	assert_hardened(spin_lock_held(&space->lock) && spin_lock_held(&swap_cache.lock));
	sync_text(space, swapped->prot);
	page_map_get(swapped->page);
	alone = swap_in_page(swapped->page, write && !protected, own) && !protected;
	if (!alone)
		flags = ENTRY_ACCESSED | (protected ? ENTRY_WP : ENTRY_COW);
	install_publish(space, swapped->slot, swapped->va,
			entry_make(page_to_pfn(swapped->page), swapped->prot, flags));
	space_add_resident(space, 1);
	space->swapped--;
	fault_count_in(space, vma, FAULT_SWAPPED);
	return alone;
}

/* If the entry is not writable, a write is COW or REUSE next. */
enum vm_outcome install_swapped(struct fault *fault)
{
	const struct swapped_page swapped = { .vma = fault->vma,
					      .prot = fault->attr.prot,
					      .va = fault->va,
					      .slot = fault->slot,
					      .page = fault->page };
	bool write = fault_is_write(fault);
	bool own = fault->prepared && fault->prepared->page == fault->page;

	return install_swapped_page(&swapped, write, own) || !write ? VM_OK : VM_AGAIN;
}

/* ---- ACCESSED, SPURIOUS, REUSE, REMAP: more permissions for the entry's page ---- */

/* As entry_raise(), after what that has to do first. */
static inline bool entry_raise_synced(struct mmu_entry *slot, vaddr_t va, struct mmu_entry old,
				      unsigned prot, unsigned flags)
{
	if (unlikely(!entry_cas(slot, old, entry_with(old, prot, flags))))
		return false;
	arch_mmu_fence_local(va);
	return true;
}

/* Gives an entry more permissions to its frame. Returns false if the entry has changed. */
static inline bool entry_raise(struct space *space, struct mmu_entry *slot, vaddr_t va,
			       struct mmu_entry old, unsigned prot, unsigned flags)
{
	interleave(INTERLEAVE_GRANTING, LOCK_NONE, slot);
	if (prot & ~entry_prot(old) & VM_PROT_EXEC)
		arch_mmu_sync_text(&space->mmu);
	return entry_raise_synced(slot, va, old, prot, flags);
}

static inline enum vm_outcome grant(struct fault *fault, enum fault_kind kind, unsigned prot,
				    unsigned flags)
{
	if (unlikely(!entry_raise(fault->space, fault->slot, fault->va, fault->entry, prot,
				  flags))) {
		counter_add(&fault->space->stats.retry[RETRY_RACE], 1);
		return VM_AGAIN;
	}
	fault_count(fault, kind);
	return VM_OK;
}

/* ACCESSED: the permissions of the VMA except write, and the flags. */
static inline unsigned accessed_prot(const struct fault *fault)
{
	return entry_prot(fault->entry) | (fault->attr.prot & ~VM_PROT_WRITE);
}

static inline unsigned accessed_flags(const struct fault *fault)
{
	return entry_flags(fault->entry) | fault_used_flags(fault);
}

enum vm_outcome install_accessed(struct fault *fault)
{
	return grant(fault, FAULT_ACCESSED, accessed_prot(fault), accessed_flags(fault));
}

/* Fences all addresses: the fault may be due to a page table that another hart has linked since. */
enum vm_outcome install_nothing(struct fault *fault)
{
	arch_mmu_fence_local_all();
	fault_count(fault, FAULT_SPURIOUS);
	return VM_OK;
}

/* The entry is as after fork: the next round finds out whether the write needs a copy. */
enum vm_outcome install_unprotected(struct fault *fault)
{
	(void)entry_cas(fault->slot, fault->entry, entry_set_wp(fault->entry, false));
	return VM_AGAIN;
}

enum vm_outcome install_reuse(struct fault *fault)
{
	enum vm_outcome outcome =
		grant(fault, FAULT_REUSE, fault->attr.prot, ENTRY_ACCESSED | ENTRY_DIRTY);

	if (likely(outcome == VM_OK))
		run_reuse_if_used(fault);
	return outcome;
}

enum vm_outcome install_reuse_large(struct fault *fault)
{
	return grant(fault, FAULT_REUSE, fault->attr.prot, ENTRY_ACCESSED | ENTRY_DIRTY);
}

enum vm_outcome install_remap(struct fault *fault)
{
	struct object *object = fault->attr.object;
	struct page *page = pfn_to_page(entry_pfn(fault->entry));
	int result = object_may_store(object, fault->wait);

	if (result)
		return result;
	/*
	 * If a truncation has removed the page from its object meanwhile, it will soon clear this
	 * entry too, and the write counts as made before it.
	 */
	if (object->ops->stored)
		object_stored_mapped(object, page);
	else
		page_set_dirty(page);
	return grant(fault, FAULT_REMAP, fault->attr.prot, fault_used_flags(fault));
}

bool install_used(struct space *space, struct mmu_entry *slot, vaddr_t va, unsigned wanted)
{
	const unsigned used = wanted & VM_PROT_WRITE ? ENTRY_ACCESSED | ENTRY_DIRTY
						     : ENTRY_ACCESSED;
	struct mmu_entry old = entry_load(slot);

	assert_hardened(spin_lock_held(&space->lock));
	if (entry_allows(old, wanted))
		return true;
	return entry_has_page(old) && !(wanted & ~entry_prot(old)) &&
	       !(wanted & VM_PROT_WRITE && entry_is_wp(old)) &&
	       entry_raise(space, slot, va, old, entry_prot(old), entry_flags(old) | used);
}

/* ---- for mprotect ---- */

/* Would a write be REUSE? The entry has a page. */
static inline bool is_reusable(const struct vma *vma, struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn(entry));
	struct fault_facts facts = {
		.page_kind = page_kind(page),
		.page_flags = page_pins(page) ? FACT_PINNED : 0,
		.maps = page->maps,
		.refs = page->refs, /* one more in the swap cache: it is left to a fault */
	};

	return (vma->prot & VM_PROT_WRITE) && !vma_is_shared(vma) && facts_last_user(&facts);
}

/* Does nothing but this entry refer to the private page? Then a write is REUSE. */
static inline bool is_only_reference(struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn(entry));

	return page->counts == PAGE_ONE_MAP && page_kind(page) == PAGE_ANON;
}

/* D is what it was. Where the kernel maintains D, the page would fault without it. */
size_t install_reuse_ahead(const struct fault *fault, long step, size_t n)
{
	const unsigned prot = fault->attr.prot, more = unused_flags();
	struct mmu_entry *slot = fault->slot;
	vaddr_t va = fault->va;
	size_t i;

	assert_hardened(spin_lock_held(&fault->space->lock));
	for (i = 0; i < n; i++) {
		struct mmu_entry old = entry_load(slot += step);

		va += (vaddr_t)step * PAGE_SIZE;
		if (!entry_has_page(old) || !is_only_reference(old) ||
		    !entry_raise_synced(slot, va, old, prot, (entry_flags(old) | more) & ~ENTRY_WP))
			break;
	}
	return i;
}

/* Gives an entry what ACCESSED or REUSE would, unless the hardware changes it at the same time. */
static inline void entry_upgrade(const struct vma *vma, vaddr_t va, struct mmu_entry *slot,
				 bool *synced)
{
	struct mmu_entry old = entry_load(slot);
	unsigned prot = entry_prot(old) | (vma->prot & ~VM_PROT_WRITE);
	unsigned flags = entry_flags(old);

	if (!entry_has_page(old))
		return;
	if (!entry_is_wp(old) && is_reusable(vma, old)) {
		prot = vma->prot;
		flags &= ~ENTRY_WP;
	}
	if (prot == entry_prot(old))
		return;
	interleave(INTERLEAVE_GRANTING, LOCK_NONE, slot);
	if ((prot & ~entry_prot(old) & VM_PROT_EXEC) && !*synced) {
		arch_mmu_sync_text(&vma->space->mmu);
		*synced = true;
	}
	if (entry_raise_synced(slot, va, old, prot, flags))
		note_entry(vma->space, va, old, entry_load(slot));
}

/* entry_upgrade() for a large entry, which maps no text. */
static void large_upgrade(const struct vma *vma, vaddr_t base, struct mmu_entry *slot)
{
	struct mmu_entry old = entry_load(slot);
	unsigned prot = entry_prot(old) | (vma->prot & ~VM_PROT_WRITE);
	unsigned flags = entry_flags(old);

	if ((vma->prot & VM_PROT_EXEC) || entry_prot(old) == vma->prot)
		return;
	if ((vma->prot & VM_PROT_WRITE) && !entry_is_wp(old) &&
	    large_is_alone(pfn_to_page(entry_pfn(old)))) {
		prot = vma->prot;
		flags &= ~ENTRY_WP;
	}
	interleave(INTERLEAVE_GRANTING, LOCK_NONE, slot);
	if (entry_raise_synced(slot, base, old, prot, flags))
		note_change(vma->space, CHANGE_LARGE, base, old.word, entry_load(slot).word);
}

static void large_gained(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	vaddr_t base = ALIGN_UP(start, MMU_LARGE_SIZE);

	for (unsigned n = 0; base < end && n < GAINED_LARGE_MAX; n++, base += MMU_LARGE_SIZE) {
		struct mmu_entry *slot = arch_mmu_lookup_large(&vma->space->mmu, base);

		if (slot)
			large_upgrade(vma, base, slot);
	}
}

void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	bool synced = false; /* other harts hear of text once for all entries */

	assert_hardened(spin_lock_held(&vma->space->lock));
	if (unlikely(vma->space->large) && start < end)
		large_gained(vma, start, end);
	if (start >= end || end - start > GAINED_PAGES_MAX * PAGE_SIZE)
		return;
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		struct mmu_entry *slot = arch_mmu_lookup(&vma->space->mmu, va);

		if (slot)
			entry_upgrade(vma, va, slot, &synced);
	}
}
