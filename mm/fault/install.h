/* SPDX-License-Identifier: MIT */
/* The one place that grants access to a page. */
#pragma once

#include "mm/fault/fault.h"

/*
 * One for each kind of fault (mm/fault/fault_classify.h). They return VM_OK, or VM_AGAIN if another round
 * is needed: for the last four if the hardware or another hart has changed the entry, for SWAPPED
 * if the write is COW or REUSE next, for FILL by a reader if another one was quicker. REMAP returns VM_WAIT
 * if it has to wait for write-back. The caller has held the space's lock since the look-up, or has been a
 * reader, for FILL of anonymous memory, ACCESSED and SPURIOUS; and it has held the object's lock since it
 * got a page of that object.
 *
 * FILL maps fault->page, and for a read of an object's page also fault->pages; COW maps fault->page
 * instead of the entry's; SWAPPED instead of the slot. The reference to a private frame becomes
 * that of the entry.
 */
enum vm_outcome install_fill(struct fault *fault);
enum vm_outcome install_copy(struct fault *fault);
enum vm_outcome install_swapped(struct fault *fault);

/* A page of the swap cache for an entry that has its slot. */
struct swapped_page {
	struct vma *vma;
	unsigned prot; /* the VMA's */
	vaddr_t va;
	struct mmu_entry *slot;
	struct page *page;
};

/*
 * Maps it: install_swapped() without a fault. `own` is as for swap_in_page(). Returns false if another entry
 * has the page or refers to the slot, so that this one is not writable. The caller holds the locks of the
 * space and the swap cache.
 */
bool install_swapped_page(const struct swapped_page *swapped, bool write, bool own);

/* The entry's page stays, and the entry gets more permissions; SPURIOUS only fences. */
enum vm_outcome install_accessed(struct fault *fault);
enum vm_outcome install_nothing(struct fault *fault);
enum vm_outcome install_reuse(struct fault *fault);
enum vm_outcome install_remap(struct fault *fault);

/*
 * Maps fault->prepared->block by a large entry, at `base`. Returns VM_OK, or VM_PREPARE if an upper table is missing. The caller
 * holds the space's lock.
 */
enum vm_outcome install_large(struct fault *fault, vaddr_t base);

/*
 * For a collapse (mm/fault/collapse.c). The first maps a private page by an entry that is EMPTY, and its reference becomes that of the
 * entry. The second maps a block, which is counted as mapped and resident already, by a large entry instead of a leaf table that was
 * unlinked. The caller holds the space's lock, and has kept readers out.
 */
void install_moved(struct vma *vma, struct mmu_entry *slot, vaddr_t va, struct page *page);
void install_collapsed(struct vma *vma, vaddr_t base, struct page *head);

/* Removes ENTRY_WP from fault->entry, which may be a large one. Returns VM_AGAIN. */
enum vm_outcome install_unprotected(struct fault *fault);

/* REUSE of a large entry, which is fault->entry at fault->slot, as a whole. */
enum vm_outcome install_reuse_large(struct fault *fault);

/* Frames of zeros for the pages from `va` on, upwards or downwards, all in one leaf table. */
#define INSTALL_BATCH 32

struct install_batch {
	vaddr_t va;
	long step; /* 1 or -1 */
	size_t n;
	struct page *pages[INSTALL_BATCH]; /* each with its reference and zeroed_pfn */
};

static inline vaddr_t install_batch_va(const struct install_batch *batch, size_t i)
{
	return batch->va + (vaddr_t)batch->step * i * PAGE_SIZE;
}

/*
 * Map the frames of the batch, which lies in the VMA, until an entry has another page. Return how many frames were mapped,
 * whose references are those of the entries then. install_batch() also replaces the zero page. Its caller holds the space's
 * lock, and that of install_batch_beside() is a reader.
 */
size_t install_batch(struct space *space, struct vma *vma, const struct install_batch *batch);
size_t install_batch_beside(struct space *space, struct vma *vma,
			    const struct install_batch *batch);

/*
 * Maps the zero page up to n times beside the fault's page, which has it: after it (step 1) or before it (-1), until an entry is
 * not EMPTY. All are in the fault's VMA and leaf table. Returns how often. The caller is as for install_fill().
 */
size_t install_zeros(struct fault *fault, long step, size_t n);

/*
 * Makes up to n pages writable that follow the fault's, or come before it (step 1 or -1), and for which a write would be REUSE,
 * until one is not such a page. All are in the fault's VMA and leaf table. Returns how many. The caller holds the space's lock.
 */
size_t install_reuse_ahead(const struct fault *fault, long step, size_t n);

/*
 * For a populate: does the entry allow the access, VM_PROT_*? If only A or D are missing, sets them, as ACCESSED would. The caller
 * holds the space's lock.
 */
bool install_used(struct space *space, struct mmu_entry *slot, vaddr_t va, unsigned wanted);

/*
 * Call after the VMA has gained permissions. If [start, end) has only few pages, gives them to its
 * entries at once, which saves a fault for each; VM_PROT_WRITE only to those for which a write
 * would be REUSE. Other entries get theirs by faults. The caller holds the space's lock.
 */
void install_gained(const struct vma *vma, vaddr_t start, vaddr_t end);
