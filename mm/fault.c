/* The fault dispatcher: find the VMA, classify, get a page, grant it. */
#include "mm/fault.h"

#include "abi/errno.h"
#include "mm/cow.h"
#include "mm/grow.h"
#include "mm/install.h"
#include "mm/page_alloc.h"
#include "mm/tables.h"

/*
 * The cases, in the order of the code (mm/fault_kind.c tells when each applies):
 *
 * (look-up)            the address is in no VMA: GROW (mm/grow.c), or DENY_MAPERR
 * DENY_ACCERR          VM_SEGV_ACCERR
 * ACCESSED, SPURIOUS,  done in place, in the lock hold of the look-up: install_in_place()
 * REUSE, REMAP
 * WP, SWAPPED          not built: nothing makes such entries yet
 * FILL                 the backend's page (anon.c, file.c, elf.c); at once where it is at hand: install_at_hand()
 * COW                  a copy of the page (cow.c)
 *
 * FILL and COW: look up and classify under the space's lock; drop it; top up; get the page; vma_install(), which looks
 * and classifies again. BUS, no memory and "wait" are outcomes of getting the page. Nothing here sleeps.
 */

/* Rounds before the hardened build calls it an endless loop. */
#define FAULT_ROUNDS_MAX 10000

static void fault_begin(struct fault *fault)
{
	fault->va = ALIGN_DOWN(fault->address, PAGE_SIZE);
	fault->object = NULL;
	fault->source = NULL;
	fault->page = NULL;
	fault->spare = NULL;
	fault->ntables = 0;
	fault->tables = (struct mmu_tables){ 0 };
}

/* Gives back what belongs to one round. */
static void fault_forget(struct fault *fault)
{
	if (fault->source)
		page_put(fault->source);
	if (fault->page)
		page_put(fault->page);
	if (fault->object)
		object_put(fault->object);
	fault->source = NULL;
	fault->page = NULL;
	fault->object = NULL;
}

static void fault_end(struct fault *fault)
{
	if (fault->spare)
		page_put(fault->spare);
	if (fault->tables.count)
		tables_free(&fault->tables);
}

/* Notes what the handler and vma_install() need, once the lock is dropped. => space lock held */
static void fault_note(struct fault *fault, struct vma *vma, const struct mmu_entry *slot,
		       struct mmu_entry entry)
{
	fault->backend = vma->backend;
	fault->vma_rights = vma->rights;
	fault->vma_flags = vma->flags;
	fault->file_end = vma->file_end;
	if (vma->object) {
		fault->object = vma->object;
		fault->index = vma_index(vma, fault->va);
		object_get(vma->object);
	}
	if (fault->kind == FAULT_COW) {
		fault->source = pfn_to_page(entry_pfn(entry));
		page_get(fault->source);
	}
	if (!slot && !fault->ntables)
		fault->ntables = 1;
}

/* A denial that the table's first two lines make. */
static int fault_deny(struct fault *fault, int outcome)
{
	if (outcome == VM_SEGV_MAPERR || outcome == VM_SEGV_STACK)
		fault->space->stats.kind[FAULT_DENY_MAPERR]++;
	else if (outcome == VM_SEGV_ACCERR)
		fault->space->stats.kind[FAULT_DENY_ACCERR]++;
	return outcome;
}

/* Is a page to be found that others may have too? Private writes need one of their own. */
static bool takes_shared_page(const struct fault *fault, const struct vma *vma)
{
	return !fault_is_write(fault) || vma_is_shared(vma);
}

/* What needs no page is done; 0, FAULT_AGAIN, FAULT_GO or an outcome. => space lock held */
static int fault_look_locked(struct fault *fault)
{
	struct space *space = fault->space;
	struct vma *vma = vma_find(space, fault->va);
	struct mmu_entry *slot, entry = ENTRY_NONE;
	int result;

	if (unlikely(space->dying))
		return VM_DYING;
	if (unlikely(!vma)) {
		result = fault_grow(fault, &vma);
		if (result)
			return fault_deny(fault, result);
	}
	slot = arch_mmu_lookup(&space->mmu, fault->va);
	if (slot)
		entry = entry_load(slot);
	fault->wanted = fault_wanted(fault->access, vma->rights, vma_is_shared(vma));
	fault->kind = fault_judge(fault, vma, entry);
	switch (fault->kind) {
	case FAULT_DENY_ACCERR:
		return fault_deny(fault, VM_SEGV_ACCERR);
	case FAULT_ACCESSED:
	case FAULT_SPURIOUS:
	case FAULT_REUSE:
	case FAULT_REMAP:
		return install_in_place(fault, vma, slot, entry);
	case FAULT_FILL:
		if (slot && takes_shared_page(fault, vma) && install_at_hand(fault, vma, slot))
			return 0;
		break;
	case FAULT_COW:
		break;
	default:
		panic("fault: %s is not built", fault_kind_name(fault->kind));
	}
	fault_note(fault, vma, slot, entry);
	return FAULT_GO;
}

/* Will the handler put its page into a frame of its own? A read does in the page where a segment's file ends. */
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
	if (wants_frame(fault) && !fault->spare) {
		fault->spare = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		if (!fault->spare)
			return -ENOMEM;
	}
	return fault->tables.count < fault->ntables ? tables_fill(&fault->tables, fault->ntables) : 0;
}

/* => no spinning lock held; fault->page is the page to grant */
static int fault_get_page(struct fault *fault)
{
	int result = fault_topup(fault);

	if (!result)
		result = fault->kind == FAULT_COW ? cow_copy(fault) : fault->backend->fill(fault);
	switch (result) {
	case 0:
		return 0;
	case VM_WAIT:
		counter_add(&fault->space->stats.major, 1);
		return VM_WAIT;
	case -ENOMEM:
		return VM_OOM;
	case -ENXIO:
	case -EIO:
		return VM_BUS;
	default:
		panic("fault: %s answers %d", fault->backend->name, result);
	}
}

static int fault_round(struct fault *fault)
{
	int result;

	spin_lock(&fault->space->lock);
	result = fault_look_locked(fault);
	spin_unlock(&fault->space->lock);
	if (result != FAULT_GO)
		return result;
	result = fault_get_page(fault);
	if (!result)
		result = vma_install(fault);
	fault_forget(fault);
	return result;
}

int vm_fault(struct space *space, vaddr_t address, unsigned access, vaddr_t pc, struct vm_wait *wait)
{
	struct fault fault;
	unsigned rounds = 0;
	int result;

	lockorder_assert_none_spinning();
	fault.space = space;
	fault.address = address;
	fault.access = access;
	fault.pc = pc;
	fault.wait = wait;
	fault_begin(&fault);
	do {
		assert_hardened(rounds++ < FAULT_ROUNDS_MAX);
		result = fault_round(&fault);
	} while (result == FAULT_AGAIN);
	(void)rounds;
	fault_end(&fault);
	return result;
}
