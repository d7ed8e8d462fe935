/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#include "mm/install.h"

#include "arch/hart.h"
#include "mm/check/fence_debt.h"
#include "mm/swap_cache.h"
#include "mm/zero_page.h"
#include "sync/interleave.h"

/*
 * The caller has held the space's lock since it found the VMA and the entry and got the page, so
 * that these have not changed. Only the hardware may have set bits of the entry. Entries that have
 * a page are therefore changed by atomic operations only.
 */

/*
 * The functions of the single cases are noipa. This makes their calls tail calls, so that the
 * shortest, which call nothing, need no stack frame. (Without noipa, gcc 14 removes their return
 * values, and then their calls are no tail calls.)
 */

/* In larger ranges, faults give the entries the permissions that their VMA has gained. */
#define GAINED_PAGES_MAX 16

/* This hart may have written the text that it is about to run. */
static inline void sync_text(unsigned prot)
{
	if (unlikely(prot & VM_PROT_EXEC))
		arch_icache_sync();
}

/* ---- FILL and COW: a page ---- */

/* Writes an entry that is EMPTY or SWAP. */
static inline void publish(struct fault *fault, struct mmu_entry *slot, vaddr_t va,
			   struct mmu_entry entry)
{
	debt_assert_entry(fault->space, va);
	arch_mmu_map(slot, va, &entry, 1);
}

static inline int install_zero_page(struct fault *fault)
{
	vma_touch(fault->vma, fault->va);
	publish(fault, fault->slot, fault->va, zero_page_entry(fault->vma));
	fault_count(fault, FAULT_FILL);
	fault->space->stats.zero_maps++;
	return 0;
}

/* Maps a fresh frame. Its reference becomes that of the entry. */
static inline int install_frame(struct fault *fault)
{
	sync_text(fault->vma->prot);
	page_ref_to_map(fault->page);
	vma_touch(fault->vma, fault->va);
	publish(fault, fault->slot, fault->va,
		entry_make(fault->pfn, fault->vma->prot, fault_used_flags(fault)));
	space_add_resident(fault->space, 1);
	fault_count(fault, fault->kind);
	return 0;
}

/* The first write to anonymous memory. Calls nothing, and so needs no stack frame. */
static __attribute__((noipa)) int install_zeros(struct fault *fault)
{
	return install_frame(fault);
}

/*
 * Clears the entry of a page that a copy replaces. Break before make: no TLB has the old frame any
 * more when the new one is written to the entry.
 */
static __attribute__((noinline)) void clear_entry(struct fault *fault)
{
	struct mmu_entry old = entry_swap(fault->slot, ENTRY_NONE);
	pfn_t pfn = entry_pfn(fault->entry);
	struct mmu_flush flush;

	if (pfn != zero_pfn) {
		fault->replaced = pfn == fault->source ? fault->source_page : pfn_to_page(pfn);
		fault->space->resident--;
	}
	debt_owe(fault->space, fault->va, old, ENTRY_NONE);
	if (!entry_downgrades(old, ENTRY_NONE))
		return;
	mmu_flush_init(&flush);
	mmu_flush_add(&flush, fault->va);
	space_fence(fault->space, &flush);
}

/* Maps a copy instead of the original: COW, or for a file's page not yet mapped, FILL and COW. */
static __attribute__((noipa)) int install_copy(struct fault *fault)
{
	if (fault->kind == FAULT_COW)
		clear_entry(fault);
	else if (fault_is_write(fault) && fault->source != zero_pfn)
		fault_count(fault, FAULT_COW);
	return install_frame(fault);
}

/* Permissions and flags of entries for an object's pages. `write`: a write to a shared mapping. */
struct object_entry {
	unsigned prot, flags;
};

static inline struct object_entry object_entry(const struct fault *fault, bool write)
{
	const struct vma *vma = fault->vma;
	struct object_entry entry = {
		.prot = vma->prot & (VM_PROT_READ | VM_PROT_EXEC | (write ? VM_PROT_WRITE : 0)),
		.flags = write ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED,
	};

	if (!vma_is_shared(vma))
		entry.flags |= ENTRY_COW;
	return entry;
}

static inline void install_object_page(struct fault *fault, struct mmu_entry *slot, vaddr_t va,
				       struct page *page, struct object_entry entry)
{
	page_map_get(page);
	publish(fault, slot, va, entry_make(page_to_pfn(page), entry.prot, entry.flags));
}

/* Maps an object's page for a write to a shared mapping: FILL and REMAP in one. */
static void install_written(struct fault *fault)
{
	object_stored(fault->vma->object, fault->page);
	install_object_page(fault, fault->slot, fault->va, fault->page, object_entry(fault, true));
	vma_touch(fault->vma, fault->va);
	space_add_resident(fault->space, 1);
	fault_count(fault, FAULT_FILL);
	fault_count(fault, FAULT_REMAP);
}

/*
 * For a read: maps the resident pages of the window where the entry is EMPTY. Only the page that
 * was asked for has been accessed, as far as anybody knows. Where the kernel maintains A, a page
 * without it would take a fault, which this is to spare.
 */
static void install_around(struct fault *fault)
{
	struct mmu_entry *slot = fault->slot - ((fault->va - fault->window) >> PAGE_SHIFT);
	const struct object_entry asked = object_entry(fault, false);
	const struct object_entry entry = {
		.prot = asked.prot,
		.flags = arch_sets_accessed() ? asked.flags & ~ENTRY_ACCESSED : asked.flags,
	};
	struct page *const *next = fault->pages, *const *end = next + fault->npages;
	vaddr_t va = fault->window;
	unsigned total = 1;

	install_object_page(fault, fault->slot, fault->va, fault->page, asked);
	vma_touch(fault->vma, va);
	vma_touch(fault->vma, va + (fault->npages - 1) * PAGE_SIZE);
	for (; next < end; next++, slot++, va += PAGE_SIZE) {
		struct page *page = *next;

		if (!index_is_page(page) || page == zero_page || !entry_empty(entry_load(slot)))
			continue;
		install_object_page(fault, slot, va, page, entry);
		total++;
	}
	space_add_resident(fault->space, total);
	fault->space->stats.around += total - 1;
	fault_count(fault, FAULT_FILL);
}

static __attribute__((noipa)) int install_shared(struct fault *fault)
{
	sync_text(fault->vma->prot);
	if (fault_is_write(fault))
		install_written(fault);
	else
		install_around(fault);
	return 0;
}

/* ---- SWAPPED: the page of the slot ---- */

/*
 * Only if nobody else has the page or refers to the slot, the entry is writable. Otherwise a write
 * is COW or REUSE next. The caller holds the lock of the swap cache.
 */
static __attribute__((noipa)) int install_swapped(struct fault *fault)
{
	bool own = fault->rounds && fault->object == &swap_cache && fault->brought == fault->page;
	bool write = fault_is_write(fault), alone;
	unsigned flags = fault_used_flags(fault);

	sync_text(fault->vma->prot);
	page_map_get(fault->page);
	alone = swap_in_page(fault->page, write, own);
	if (!alone)
		flags = ENTRY_ACCESSED | ENTRY_COW;
	publish(fault, fault->slot, fault->va,
		entry_make(page_to_pfn(fault->page), fault->vma->prot, flags));
	space_add_resident(fault->space, 1);
	fault->space->swapped--;
	fault_count(fault, FAULT_SWAPPED);
	return write && !alone ? FAULT_AGAIN : 0;
}

/* ---- ACCESSED, SPURIOUS, REUSE, REMAP: more permissions for the entry's page ---- */

/* Gives an entry more permissions to its frame. Returns false if the entry has changed. */
static inline bool entry_raise(struct mmu_entry *slot, vaddr_t va, struct mmu_entry old,
			       unsigned prot, unsigned flags)
{
	interleave(INTERLEAVE_GRANTING, LOCK_NONE, slot);
	if (prot & ~entry_prot(old) & VM_PROT_EXEC)
		arch_icache_sync();
	if (unlikely(!entry_cas(slot, old, entry_with(old, prot, flags))))
		return false;
	arch_mmu_fence_local(va);
	return true;
}

static inline __attribute__((always_inline)) int grant(struct fault *fault, unsigned prot,
						       unsigned flags)
{
	if (unlikely(!entry_raise(fault->slot, fault->va, fault->entry, prot, flags))) {
		fault->space->stats.retry[RETRY_RACE]++;
		return FAULT_AGAIN;
	}
	fault_count(fault, fault->kind);
	return 0;
}

/* Gives the entry the permissions of its VMA, except write: REUSE, COW and REMAP give that. */
static int grant_accessed(struct fault *fault)
{
	unsigned prot = entry_prot(fault->entry) | (fault->vma->prot & ~VM_PROT_WRITE);

	return grant(fault, prot, entry_flags(fault->entry) | fault_used_flags(fault));
}

static int grant_remap(struct fault *fault)
{
	struct object *object = fault->vma->object;
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
	return grant(fault, fault->vma->prot, fault_used_flags(fault));
}

/* Fences all addresses: the fault may be due to a page table that another hart has linked since. */
static int grant_nothing(struct fault *fault)
{
	arch_mmu_fence_local_all();
	fault_count(fault, FAULT_SPURIOUS);
	return 0;
}

static __attribute__((noipa)) int grant_reuse(struct fault *fault)
{
	return grant(fault, fault->vma->prot, ENTRY_ACCESSED | ENTRY_DIRTY);
}

static __attribute__((noipa)) int install_prot(struct fault *fault)
{
	switch (fault->kind) {
	case FAULT_ACCESSED:
		return grant_accessed(fault);
	case FAULT_SPURIOUS:
		return grant_nothing(fault);
	case FAULT_REMAP:
		return grant_remap(fault);
	default:
		panic("fault: %s installs nothing", fault_kind_name(fault->kind));
	}
}

static inline int install_fill(struct fault *fault)
{
	if (!fault->page)
		return install_zero_page(fault);
	if (unlikely(page_kind(fault->page) != PAGE_ANON))
		return install_shared(fault);
	return likely(!fault->rounds) ? install_zeros(fault) : install_copy(fault);
}

static inline int install(struct fault *fault)
{
	if (fault->kind == FAULT_FILL)
		return install_fill(fault);
	if (fault->kind == FAULT_REUSE)
		return grant_reuse(fault);
	if (fault->kind == FAULT_COW)
		return install_copy(fault);
	if (fault->kind == FAULT_SWAPPED)
		return install_swapped(fault);
	return install_prot(fault);
}

int vma_install(struct fault *fault)
{
	int result;

	assert_hardened(spin_lock_held(&fault->space->lock));
	result = install(fault);
	debt_assert_none(fault->space);
	return result;
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

/* Gives an entry what ACCESSED or REUSE would, unless the hardware changes it at the same time. */
static inline void entry_upgrade(const struct vma *vma, vaddr_t va, struct mmu_entry *slot)
{
	struct mmu_entry old = entry_load(slot);
	unsigned prot = entry_prot(old) | (vma->prot & ~VM_PROT_WRITE);
	unsigned flags = entry_flags(old);

	if (!entry_has_page(old))
		return;
	if (is_reusable(vma, old)) {
		prot = vma->prot;
		flags &= ~ENTRY_COW;
	}
	if (prot != entry_prot(old))
		(void)entry_raise(slot, va, old, prot, flags);
}

void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	assert_hardened(spin_lock_held(&vma->space->lock));
	if (start >= end || end - start > GAINED_PAGES_MAX * PAGE_SIZE)
		return;
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		struct mmu_entry *slot = arch_mmu_lookup(&vma->space->mmu, va);

		if (slot)
			entry_upgrade(vma, va, slot);
	}
}
