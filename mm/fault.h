/* SPDX-License-Identifier: MIT */
/* The fault dispatcher. */
#pragma once

#include "mm/phys/zeroed.h"
#include "mm/space.h"
#include "mm/vm_wait.h"

/* What vm_fault() answers, beside 0 (run the instruction again) and VM_WAIT. */
#define VM_SEGV_MAPERR (-1001) /* no VMA there */
#define VM_SEGV_ACCERR (-1002) /* the VMA forbids it */
#define VM_SEGV_STACK  (-1003) /* below a stack that may not grow further: stack overflow */
#define VM_BUS	       (-1004) /* past the end of a file, I/O error, no room for its page */
#define VM_OOM	       (-1005) /* no frame: the caller applies the policy and may ask again */
#define VM_DYING       (-1006) /* the space is being torn down: its threads have been killed */

/* The three facts of a fault and what was found out; filled once, then read. */
struct fault {
	struct space *space;
	vaddr_t address; /* stval */
	vaddr_t pc;	 /* sepc */
	unsigned access; /* RIGHT_* and ACCESS_*: scause */
	vaddr_t va;	 /* the page's */
	struct vm_wait *wait;
	/* what was found under the lock; a round that starts over fills it again */
	struct vma *vma;
	struct mmu_entry *slot; /* NULL: its table is missing */
	struct mmu_entry entry; /* what it said */
	unsigned wanted;	/* RIGHT_*: what the access comes to */
	enum fault_kind kind;
	/* noted for when the lock is dropped */
	uint64_t layout; /* the space's: while it is the same, vma and slot are what they were */
	const struct vma_backend *backend;
	struct object *object; /* referenced; NULL: none */
	uint64_t index;	       /* page index in the object */
	vaddr_t file_end;
	unsigned vma_rights, vma_flags;
	/* what is in hand, all referenced but for the zero page, NULL: none */
	struct page *source; /* what is copied: the entry's page (COW; NULL: zeros), the object's */
	struct page *page;   /* to grant: one that others have too; NULL: the spare */
	unsigned page_rights; /* what its entry may have of the VMA's */
	struct page *spare;   /* a frame of its own, topped up */
	pfn_t spare_pfn;
	unsigned missing; /* table pages, where slot is NULL */
	struct mmu_tables tables;
};

static inline bool fault_is_write(const struct fault *fault)
{
	return fault->wanted & RIGHT_WRITE;
}

static inline bool fault_is_shared(const struct fault *fault)
{
	return fault->vma_flags & VMA_SHARED;
}

/* => space lock held */
static inline void fault_count(struct fault *fault, enum fault_kind kind)
{
	fault->space->stats.kind[kind]++;
	fault->vma->faults.kind[kind]++;
}

/* What an entry says that was made for this access. */
static inline unsigned fault_used_flags(const struct fault *fault)
{
	return fault_is_write(fault) ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
}

/* For handlers: the page to grant is one that others have too: referenced, or the zero page. */
static inline void fault_give(struct fault *fault, struct page *page, unsigned rights)
{
	fault->page = page;
	fault->page_rights = rights;
}

/* For handlers: where the topped-up frame is to be filled, which is what else may be granted. */
static inline void *fault_spare_address(const struct fault *fault)
{
	assert_hardened(fault->spare);
	return arch_phys_to_virt(pfn_to_paddr(fault->spare_pfn));
}

/* For handlers: what was topped up becomes a page of zeros, and the next is to be at hand. */
static inline void fault_zero_spare(struct fault *fault)
{
	arch_page_zero(fault_spare_address(fault));
	zeroed_prepare();
}

/*
 * Serves one fault. 0; VM_WAIT with *wait filled; VM_SEGV_*; VM_BUS; VM_OOM; VM_DYING. Never
 * sleeps.
 * wait->kind: of what kind it was, as it was seen last.
 * => no spinning lock held; interrupts on
 */
int vm_fault(struct space *space, vaddr_t address, unsigned access, vaddr_t pc,
	     struct vm_wait *wait);
