/* SPDX-License-Identifier: MIT */
/* The fault dispatcher: find the VMA, classify, get a page, grant it. */
#include "mm/fault.h"

#include "abi/errno.h"
#include "mm/cow.h"
#include "mm/install.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/table_pages.h"
#include "mm/stack_grow.h"

/*
 * The cases, in the order of the code (mm/fault_classify.c tells when each applies):
 *
 * (look-up)            the address is in no VMA: GROW (mm/stack_grow.c), or DENY_MAPERR
 * DENY_ACCERR          VM_SEGV_ACCERR
 * ACCESSED, SPURIOUS,  done in place, in the lock hold of the look-up: install_in_place()
 * REUSE, REMAP
 * WP, SWAPPED          not built: nothing makes such entries yet
 * FILL                 the backend's page (anon.c, file.c, elf.c); at once where it is at hand:
 *                      install_at_hand()
 * COW                  a copy of the page (cow.c)
 *
 * FILL and COW: look up and classify under the space's lock; drop it; top up; get the page;
 * vma_install(), which looks and classifies again. BUS, no memory and "wait" are outcomes of
 * getting the page. Nothing here sleeps.
 */

/* Rounds before the hardened build calls it an endless loop. */
#define FAULT_ROUNDS_MAX 10000

enum fault_kind fault_judge_held(unsigned access, const struct vma *vma, struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn(entry));
	struct fault_facts facts = {
		.access = access,
		.vma_rights = vma->rights,
		.vma_shared = vma_is_shared(vma),
		.entry_state = entry_state(entry),
		.entry_rights = entry_rights(entry),
		.entry_flags = entry_flags(entry),
		/* gcc-analyzer-suppress null-dereference ; an entry's frame is one of ours */
		.page_kind = page->kind,
		.page_flags = page->pins ? FACT_PINNED : 0,
		.maps = page->maps,
		.refs = page->refs,
	};

	return fault_classify(&facts);
}

/* COW: the page that the entry holds stays while it is copied. (The zero page does anyhow.) */
static inline void note_source(struct fault *fault)
{
	pfn_t pfn = entry_pfn(fault->entry);

	if (pfn == zero_pfn)
		return;
	fault->source = pfn_to_page(pfn);
	page_get(fault->source);
}

/* Notes what getting and granting a page need, once the lock is dropped. => space lock held */
static inline void fault_note(struct fault *fault, const struct vma *vma)
{
	struct object *object = vma->object;

	fault->layout = vma->space->layout;
	fault->backend = vma->backend;
	fault->vma_rights = vma->rights;
	fault->vma_flags = vma->flags;
	fault->file_end = vma->file_end;
	fault->object = object;
	fault->source = NULL;
	fault->page = NULL;
	if (unlikely(object)) {
		fault->index = vma_index(vma, fault->va);
		object_get(object);
	}
	if (fault->kind == FAULT_COW)
		note_source(fault);
}

/* A denial that the table's first two lines make. */
static int fault_deny(struct fault *fault, enum fault_kind kind, int outcome)
{
	fault->kind = kind;
	if (outcome != VM_WAIT && outcome != VM_DYING)
		fault->space->stats.kind[kind]++;
	return outcome;
}

/* The address is not in the VMA of the last fault. 0 or an outcome. => space lock held */
static __attribute__((noinline)) int find_elsewhere(struct fault *fault)
{
	struct vma *vma = vma_find_next(fault->space, fault->va);

	fault->vma = vma;
	return vma && vma->start <= fault->va ? 0 : fault_grow(fault, vma);
}

/* Finds the VMA. 0 or an outcome. => space lock held */
static inline int find_vma(struct fault *fault)
{
	struct space *space = fault->space;

	if (unlikely(space->dying))
		return VM_DYING;
	fault->vma = vma_last_hit(space, fault->va);
	return likely(fault->vma) ? 0 : find_elsewhere(fault);
}

/* Finds slot and kind. => space lock held */
static inline void find_kind(struct fault *fault)
{
	const struct vma *vma = fault->vma;
	struct mmu_entry *slot = arch_mmu_lookup(&fault->space->mmu, fault->va);
	struct mmu_entry entry = likely(slot) ? entry_load(slot) : ENTRY_NONE;
	unsigned wanted = fault_wanted(fault->access, vma->rights, vma_is_shared(vma));

	fault->slot = slot;
	fault->entry = entry;
	fault->wanted = wanted;
	fault->kind = fault_judge(wanted, vma, entry);
}

/* How many tables granting the page will take: no spare is given, so none is linked. => space lock held */
static __attribute__((noinline)) unsigned count_missing(struct fault *fault)
{
	struct mmu_tables none = { 0 };

	return arch_mmu_prepare(&fault->space->mmu, fault->va, &none);
}

/* Does what needs no page. 0, FAULT_SPENT, FAULT_AGAIN, FAULT_GO or an outcome. => space lock held */
static inline int fault_act(struct fault *fault)
{
	int result = FAULT_GO;

	switch (fault->kind) {
	case FAULT_FILL:
	case FAULT_COW:
		if (likely(fault->slot))
			result = install_at_hand(fault);
		else
			fault->missing = count_missing(fault);
		break;
	case FAULT_DENY_ACCERR:
		if (fault->vma->flags & VMA_MOVING)
			return fault_deny(fault, FAULT_DENY_ACCERR, fault_await_verb(fault));
		fault->vma->faults.kind[FAULT_DENY_ACCERR]++;
		return fault_deny(fault, FAULT_DENY_ACCERR, VM_SEGV_ACCERR);
	default:
		return install_in_place(fault);
	}
	if (result == FAULT_GO)
		fault_note(fault, fault->vma);
	return result;
}

/* Finds out what it is, and acts on it. As fault_act(). */
static inline int fault_look_locked(struct fault *fault)
{
	int result;

	assert_hardened(spin_lock_held(&fault->space->lock));
	result = find_vma(fault);
	if (unlikely(result))
		return fault_deny(fault, FAULT_DENY_MAPERR, result);
	find_kind(fault);
	return fault_act(fault);
}

static inline int fault_look(struct fault *fault)
{
	int result;

	spin_lock(&fault->space->lock);
	result = fault_look_locked(fault);
	spin_unlock(&fault->space->lock);
	return result;
}

/*
 * Will the handler put its page into a frame of its own? A read does in the page where a segment's
 * file ends.
 */
static bool wants_frame(const struct fault *fault)
{
	if (fault_is_shared(fault))
		return false;
	if (fault_is_write(fault))
		return true;
	return fault->file_end > fault->va && fault->file_end - fault->va < PAGE_SIZE;
}

/* What getting and granting the page will take: had before either. */
static int fault_topup(struct fault *fault)
{
	fault->spare = NULL;
	fault->tables = (struct mmu_tables){ 0 };
	if (wants_frame(fault)) {
		fault->spare = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		if (unlikely(!fault->spare))
			return -ENOMEM;
		fault->spare_pfn = page_to_pfn(fault->spare);
	}
	return likely(fault->slot) ? 0 : tables_fill(&fault->tables, fault->missing);
}

/* The page to grant is got. => no spinning lock held */
static int fault_get_page(struct fault *fault)
{
	int result = fault_topup(fault);

	if (!result)
		result = fault->kind == FAULT_COW ? cow_copy(fault) : fault->backend->fill(fault);
	if (likely(!result))
		return 0;
	switch (result) {
	case VM_WAIT:
		counter_add(&fault->space->stats.major, 1);
		return VM_WAIT;
	case -ENOMEM:
		return VM_OOM;
	case -ENXIO:
	case -EIO:
	case -ENOSPC:
		return install_is_current(fault) ? VM_BUS : FAULT_AGAIN;
	default:
		panic("fault: %s answers %d", fault->backend->name, result);
	}
}

/* Gives back what is left of what was taken since fault_note(). */
static inline void fault_forget(struct fault *fault)
{
	if (unlikely(fault->source))
		page_put(fault->source);
	if (unlikely(fault->page) && fault->page != zero_page)
		page_put(fault->page);
	if (unlikely(fault->spare))
		page_put(fault->spare);
	if (unlikely(fault->tables.count))
		tables_free(&fault->tables);
	if (unlikely(fault->object))
		object_put(fault->object);
}

/* A page is got and granted. 0, FAULT_AGAIN or an outcome. */
static __attribute__((noinline)) int fault_go(struct fault *fault)
{
	int result = fault_get_page(fault);

	if (likely(!result))
		result = vma_install(fault);
	fault_forget(fault);
	return result;
}

/* One round. 0, FAULT_AGAIN or an outcome. */
static __attribute__((noinline)) int fault_try(struct fault *fault)
{
	int result = fault_look(fault);

	if (result == FAULT_GO)
		return fault_go(fault);
	if (result != FAULT_SPENT)
		return result;
	zeroed_prepare();
	return 0;
}

int vm_fault(struct space *space, vaddr_t address, unsigned access, vaddr_t pc,
	     struct vm_wait *wait)
{
	struct fault fault;
	unsigned rounds = 0;
	int result;

	lockorder_assert_none_spinning();
	fault.space = space;
	fault.address = address;
	fault.pc = pc;
	fault.access = access;
	fault.va = ALIGN_DOWN(address, PAGE_SIZE);
	fault.wait = wait;
	do {
		assert_hardened(rounds++ < FAULT_ROUNDS_MAX);
		result = fault_try(&fault);
	} while (unlikely(result == FAULT_AGAIN));
	(void)rounds;
	fault.wait->kind = fault.kind;
	return result;
}
