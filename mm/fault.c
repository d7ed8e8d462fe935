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

/* Notes what getting and granting a page need, once the lock is dropped. => space lock held */
static void fault_note(struct fault *fault, struct mmu_entry entry)
{
	struct vma *vma = fault->vma;

	fault->layout = fault->space->layout;
	fault->backend = vma->backend;
	fault->vma_rights = vma->rights;
	fault->vma_flags = vma->flags;
	fault->file_end = vma->file_end;
	fault->object = vma->object;
	fault->source = NULL;
	fault->page = NULL;
	if (unlikely(vma->object)) {
		fault->index = vma_index(vma, fault->va);
		object_get(vma->object);
	}
	if (fault->kind == FAULT_COW) {
		fault->source = pfn_to_page(entry_pfn(entry));
		page_get(fault->source);
	}
}

/* Gives back what fault_note() and the handler took. */
static void fault_forget(struct fault *fault)
{
	if (fault->source)
		page_put(fault->source);
	if (unlikely(fault->page))
		page_put(fault->page);
	if (unlikely(fault->object))
		object_put(fault->object);
}

/* A denial that the table's first two lines make. */
static int fault_deny(struct fault *fault, enum fault_kind kind, int outcome)
{
	fault->kind = kind;
	if (outcome != VM_WAIT && outcome != VM_DYING)
		fault->space->stats.kind[kind]++;
	return outcome;
}

/* Finds VMA, slot and kind. 0 or an outcome. => space lock held */
static inline int fault_find(struct fault *fault, struct mmu_entry *entry_ret)
{
	struct space *space = fault->space;
	struct vma *vma;

	if (unlikely(space->dying))
		return fault_deny(fault, FAULT_DENY_MAPERR, VM_DYING);
	vma = vma_find(space, fault->va);
	if (unlikely(!vma)) {
		int result = fault_grow(fault, &vma);

		if (result)
			return fault_deny(fault, FAULT_DENY_MAPERR, result);
	}
	fault->vma = vma;
	fault->slot = arch_mmu_lookup(&space->mmu, fault->va);
	*entry_ret = likely(fault->slot) ? entry_load(fault->slot) : ENTRY_NONE;
	fault->wanted = fault_wanted(fault->access, vma->rights, vma_is_shared(vma));
	fault->kind = fault_judge(fault, vma, *entry_ret);
	return 0;
}

/* May it be a page that others have too? A private write needs one of its own. */
static inline bool takes_shared_page(const struct fault *fault)
{
	return !fault_is_write(fault) || vma_is_shared(fault->vma);
}

/* Does what needs no page. 0, FAULT_AGAIN, FAULT_GO or an outcome. => space lock held */
static inline int fault_look_locked(struct fault *fault)
{
	struct mmu_entry entry;
	int result;

	assert_hardened(spin_lock_held(&fault->space->lock));
	result = fault_find(fault, &entry);
	if (unlikely(result))
		return result;
	switch (fault->kind) {
	case FAULT_FILL:
		if (fault->slot && takes_shared_page(fault) && install_at_hand(fault))
			return 0;
		break;
	case FAULT_COW:
		break;
	case FAULT_ACCESSED:
	case FAULT_SPURIOUS:
	case FAULT_REUSE:
	case FAULT_REMAP:
		return install_in_place(fault, entry);
	case FAULT_DENY_ACCERR:
		fault->vma->faults.kind[FAULT_DENY_ACCERR]++;
		return fault_deny(fault, FAULT_DENY_ACCERR, VM_SEGV_ACCERR);
	default:
		panic("fault: %s is not built", fault_kind_name(fault->kind));
	}
	fault_note(fault, entry);
	return FAULT_GO;
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
	if (wants_frame(fault) && !fault->spare) {
		fault->spare = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		if (unlikely(!fault->spare))
			return -ENOMEM;
		fault->spare_pfn = page_to_pfn(fault->spare);
	}
	if (likely(fault->slot))
		return 0;
	return tables_fill(&fault->tables, fault->ntables);
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

/* A page is got and granted. 0, FAULT_AGAIN or an outcome. */
static __attribute__((noinline)) int fault_go(struct fault *fault)
{
	int result = fault_get_page(fault);

	if (likely(!result))
		result = vma_install(fault);
	fault_forget(fault);
	return result;
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
	fault.spare = NULL;
	fault.ntables = 1;
	fault.tables = (struct mmu_tables){ 0 };
	do {
		assert_hardened(rounds++ < FAULT_ROUNDS_MAX);
		result = fault_look(&fault);
		if (result == FAULT_GO)
			result = fault_go(&fault);
	} while (unlikely(result == FAULT_AGAIN));
	(void)rounds;
	wait->kind = fault.kind;
	if (unlikely(fault.spare))
		page_put(fault.spare);
	if (unlikely(fault.tables.count))
		tables_free(&fault.tables);
	return result;
}
