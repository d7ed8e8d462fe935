/* SPDX-License-Identifier: MIT */
/* Fills pages through the fault path ahead of any access, for MAP_POPULATE and similar requests. */
#include "mm/verbs/populate.h"

#include "abi/errno.h"
#include "mm/fault/fault.h"
#include "mm/fault/fault_classify.h"
#include "mm/fault/install.h"
#include "mm/host.h"
#include "mm/swap/relieve.h"

/* Pages between two calls of vm_pause(). */
#define POPULATE_PIECE 64

static int populate_page(struct space *space, vaddr_t va, unsigned access)
{
	struct relief relief = { 0 };
	struct vm_wait wait;
	int result;

	vm_wait_init(&wait);
	do {
		if (!vma_find(space, va)) /* a stack grows only for a real access */
			return VM_SEGV_MAPERR;
		result = vm_fault_in(space, va, access, &wait);
		/* A program that resolves faults may need the mmap lock, which the caller holds. */
		if (result == VM_WAIT && wait.why == WAITS_FOR_USERFAULT)
			return wait.is_protected ? VM_OK : VM_BUS; /* it is there, or missing */
	} while (wait_and_retry(&result, &wait, &relief));
	return result;
}

/* Pages that need no fault: their entries allow the access, perhaps but for A and D, which are set then. */
struct passing {
	struct space *space;
	unsigned wanted; /* VM_PROT_* */
	vaddr_t to;	 /* the first page that has not been passed */
};

static int pass_leaf(void *arg, const struct mmu_leaf *leaf)
{
	struct mmu_entry *slot = leaf->entries, *end = slot + leaf->count, *stop;
	struct passing *passing = arg;
	const unsigned wanted = passing->wanted;

	if (leaf->large) {
		if (install_used(passing->space, slot, leaf->va, wanted))
			passing->to = mmu_leaf_end(leaf);
		return 1;
	}
	if (leaf->va != passing->to) /* a table is missing */
		return 1;
	do {
		while (end - slot >= ENTRY_RUN && entries_allow(slot, wanted))
			slot += ENTRY_RUN;
		stop = slot + MIN(end - slot, ENTRY_RUN);
		while (slot < stop &&
		       install_used(passing->space, slot, mmu_leaf_va(leaf, slot), wanted))
			slot++;
	} while (slot == stop && slot < end);
	passing->to = mmu_leaf_va(leaf, slot);
	return 1;
}

/*
 * Returns the first page of [va, end) that needs a fault; or one before it, at the end of a VMA or a leaf table. A recorded space
 * has each fault in its journal.
 */
static vaddr_t pass_piece(struct space *space, vaddr_t va, vaddr_t end, unsigned access)
{
	const struct vma *vma = vma_find(space, va);
	struct passing passing = { .space = space, .to = va };

	if (!vma)
		return va;
	passing.wanted = fault_wanted(access, vma->prot, vma_is_shared(vma));
	space_lock(space);
	if (!space->unusual)
		(void)arch_mmu_visit(&space->mmu, va, MIN(end, vma->end), pass_leaf, &passing);
	space_unlock(space);
	return passing.to;
}

/* Passes the pages after `va` that need no fault. Returns the last page that was passed, or va. */
static vaddr_t pass_present(struct space *space, vaddr_t va, vaddr_t end, unsigned access)
{
	vaddr_t from, to = va + PAGE_SIZE;

	do {
		from = to;
		if (from < end)
			to = pass_piece(space, from, end, access);
	} while (to > from && !vm_pause());
	return to - PAGE_SIZE;
}

/*
 * How many faults have found their page present, or brought others by a large entry: if it grows, the next pages may be there,
 * too. Those of readers are left out.
 */
static uint64_t found_present(const struct space *space)
{
	return atomic_load_relaxed(&space->stats.kind[FAULT_ACCESSED]) +
	       atomic_load_relaxed(&space->stats.kind[FAULT_SPURIOUS]) +
	       atomic_load_relaxed(&space->large);
}

int vm_populate(struct space *space, vaddr_t start, vaddr_t end, unsigned access,
		vaddr_t *refused_ret)
{
	uint64_t found = found_present(space);
	unsigned done = 0;

	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		int result = populate_page(space, va, access);

		if (result && refused_ret)
			*refused_ret = va;
		if (result)
			return result;
		if (++done % POPULATE_PIECE == 0 && vm_pause())
			return -EINTR;
		if (done % POPULATE_PIECE == 1 || found_present(space) != found) {
			found = found_present(space);
			va = pass_present(space, va, end, access);
		}
	}
	return 0;
}
