/* The fault dispatcher. */
#pragma once

#include "mm/space.h"
#include "mm/vm_wait.h"

/* What vm_fault() answers, beside 0 (run the instruction again) and VM_WAIT. */
#define VM_SEGV_MAPERR (-1001) /* no VMA there */
#define VM_SEGV_ACCERR (-1002) /* the VMA forbids it */
#define VM_SEGV_STACK  (-1003) /* below a stack that may not grow further: stack overflow */
#define VM_BUS	       (-1004) /* past the end of a file, I/O error */
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
	uint64_t layout; /* the space's: while it is the same, vma and slot are what they were */
	struct vma *vma;
	struct mmu_entry *slot; /* NULL: its table is missing */
	const struct vma_backend *backend;
	struct object *object; /* referenced; NULL: none */
	uint64_t index;	       /* page index in the object */
	vaddr_t file_end;
	unsigned vma_rights, vma_flags;
	unsigned wanted; /* RIGHT_*: what the access comes to */
	enum fault_kind kind;
	/* what is in hand, all referenced, NULL: none */
	struct page
		*source;    /* what is or was copied: the entry's page (COW), the object's (FILL) */
	struct page *page;  /* to grant */
	struct page *spare; /* topped up */
	pfn_t pfn;	    /* the frame of `page` */
	pfn_t spare_pfn;
	unsigned page_rights; /* what its entry may have of the VMA's */
	unsigned page_flags;  /* ENTRY_COW where it is not the mapping's own */
	unsigned ntables;     /* how many table pages to top up where one is missing: 1 or 2 */
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

/* For handlers: the page to grant is one that others have too, referenced. */
static inline void fault_give(struct fault *fault, struct page *page, unsigned rights)
{
	fault->page = page;
	fault->pfn = page_to_pfn(page);
	fault->page_rights = rights;
	fault->page_flags = fault_is_shared(fault) ? 0 : ENTRY_COW;
}

/* For handlers: where the topped-up frame is to be filled, */
static inline void *fault_spare_address(const struct fault *fault)
{
	return arch_phys_to_virt(pfn_to_paddr(fault->spare_pfn));
}

/* and that it is the page to grant, with all rights that the VMA has. */
static inline void fault_give_spare(struct fault *fault)
{
	fault->page = fault->spare;
	fault->pfn = fault->spare_pfn;
	fault->page_rights = RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC;
	fault->page_flags = 0;
	fault->spare = NULL;
}

/*
 * Serves one fault. 0; VM_WAIT with *wait filled; VM_SEGV_*; VM_BUS; VM_OOM; VM_DYING. Never
 * sleeps.
 * wait->kind: of what kind it was, as it was seen last.
 * => no spinning lock held; interrupts on
 */
int vm_fault(struct space *space, vaddr_t address, unsigned access, vaddr_t pc,
	     struct vm_wait *wait);
