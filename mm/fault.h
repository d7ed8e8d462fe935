/* SPDX-License-Identifier: MIT */
/* The fault dispatcher. */
#pragma once

#include "mm/space.h"
#include "mm/vm_wait.h"

/* What vm_fault() returns, besides 0 (run the instruction again) and VM_WAIT. */
#define VM_SEGV_MAPERR (-1001) /* no VMA contains the address */
#define VM_SEGV_ACCERR (-1002) /* the VMA forbids the access */
#define VM_SEGV_STACK  (-1003) /* stack overflow: below a stack that may not grow further */
#define VM_BUS	       (-1004) /* past the end of a file, I/O error, no room for the file's page */
#define VM_OOM	       (-1005) /* no free frame: the caller applies its policy and may call again */
#define VM_DYING       (-1006) /* the space is being torn down: its threads have been killed */

/* Between the parts of the dispatcher, besides 0, VM_WAIT and the outcomes above. */
#define FAULT_AGAIN   2 /* start another round; every smaller value ends the fault */
#define FAULT_PREPARE 3 /* prepare with no lock held, then start another round: fault_need() */

/* What a round may need prepared (fault->missing). */
#define FAULT_NEEDS_TABLES 1u /* page-table pages */
#define FAULT_NEEDS_PAGE   2u /* a page of the VMA's object that is not resident */
#define FAULT_NEEDS_COPY   4u /* a private frame with a copy of another one, or zeros */

/*
 * Fault-around: the pages of an object that one fault maps at most, an aligned window in one table.
 */
#define FAULT_AROUND 16

struct fault {
	/* The request: set once, by vm_fault(). */
	struct space *space;
	vaddr_t va;	 /* of the page: stval, rounded down */
	unsigned access; /* VM_PROT_*, ACCESS_POPULATE */
	struct vm_wait *wait;
	/* Found in this round, under the space's lock. */
	struct vma *vma;
	struct mmu_entry *slot; /* where the entry is; NULL: its table does not exist */
	struct mmu_entry entry; /* its value */
	unsigned wanted;	/* VM_PROT_*: what the access needs, see fault_wanted() */
	enum fault_kind kind;
	/* Got in this round, for FILL and COW, under the same hold of the locks. */
	/* a private frame, with its reference; an object's; NULL: the zero page */
	struct page *page;
	pfn_t pfn;
	struct page *pages[FAULT_AROUND]; /* a read of an object: see backend->resident() */
	vaddr_t window;			  /* the address of the first */
	unsigned npages;
	/* Prepared with no lock held: valid from round to round, and only if rounds is not 0. */
	unsigned rounds;
	unsigned missing, had; /* FAULT_NEEDS_*: of the last round; of all rounds so far */
	uint64_t layout;       /* space->layout at the end of the last round */
	unsigned ntables;      /* FAULT_NEEDS_TABLES: how many */
	struct mmu_tables tables;
	struct object *object; /* FAULT_NEEDS_PAGE: of which object, with a reference; or NULL. Of
				  the swap cache with a reference to the slot `index` too */
	uint64_t index;
	struct page *brought; /* the page, with a reference that keeps it resident; or NULL */
	int refused;	      /* why it cannot be brought: -ENXIO, -EIO, -EDEADLK, -ENOSPC; or 0 */
	struct page *copy;    /* FAULT_NEEDS_COPY: the frame with the copy; or NULL */
	pfn_t copy_pfn;
	pfn_t source;		  /* the frame that is copied; zero_pfn: zeros */
	struct page *source_page; /* its page, with a reference; NULL: zeros */
	size_t nbytes;		  /* how much of it is copied; the rest is zeros */
	struct page *replaced; /* COW: the page that the entry had, which still counts as mapped */
	/* FAULT_NEEDS_PAGE: object and index that the next fault_prepare() is to bring. */
	struct object *wanted_object;
	uint64_t wanted_index;
};

static inline bool fault_is_write(const struct fault *fault)
{
	return fault->wanted & VM_PROT_WRITE;
}

/* Counts a resolved fault. The caller holds the space's lock. */
static inline void fault_count(struct fault *fault, enum fault_kind kind)
{
	fault->space->stats.kind[kind]++;
	fault->vma->faults.kind[kind]++;
}

/* A and D as the hardware would set them for this access. */
static inline unsigned fault_used_flags(const struct fault *fault)
{
	return fault_is_write(fault) ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
}

/* Nothing has been prepared yet. */
static inline void fault_prepare_begin(struct fault *fault)
{
	fault->rounds = 1;
	fault->had = 0;
	fault->tables = (struct mmu_tables){ 0 };
	fault->object = NULL;
	fault->brought = fault->copy = fault->source_page = fault->replaced = NULL;
	fault->source = zero_pfn;
	fault->refused = 0;
}

/*
 * Ends the round: `what` (FAULT_NEEDS_*) has to be prepared with no lock held. Returns
 * FAULT_PREPARE. The caller holds the space's lock.
 */
static inline int fault_need(struct fault *fault, unsigned what)
{
	struct space *space = fault->space;

	assert_hardened(spin_lock_held(&space->lock));
	if (!fault->rounds)
		fault_prepare_begin(fault);
	if (unlikely(fault->had & what)) /* it was prepared before, and could not be used */
		space->stats.retry[what == FAULT_NEEDS_TABLES ? RETRY_TABLES : RETRY_SOURCE]++;
	fault->missing = what;
	fault->had |= what;
	fault->layout = space->layout;
	return FAULT_PREPARE;
}

/*
 * The following three are for a backend's get(), under the locks that it is called with.
 *
 * The page of the VMA's object is not resident: returns FAULT_PREPARE, or VM_BUS if it was tried
 * and cannot be brought.
 */
int fault_need_page(struct fault *fault);

/*
 * Gets a private frame with the first nbytes of the frame `source`, and zeros after them. Returns 0
 * with the frame in fault->page, or FAULT_PREPARE.
 */
int fault_get_copy(struct fault *fault, pfn_t source, size_t nbytes);

/* Gets a private frame of zeros. Returns as fault_get_copy(). */
int fault_get_zeros(struct fault *fault);

/*
 * Returns the kind of a fault with this access (VM_PROT_*, see fault_wanted()) in this VMA, at an
 * entry that is not EMPTY. The caller holds the space's lock.
 */
enum fault_kind fault_judge_held(unsigned access, const struct vma *vma, struct mmu_entry entry);

/* The same for any entry. Most faults are at an EMPTY one, which is quick to classify. */
static inline __attribute__((always_inline)) enum fault_kind fault_judge(unsigned access,
									 const struct vma *vma,
									 struct mmu_entry entry)
{
	struct fault_facts facts = {
		.access = access & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC),
		.vma_prot = vma->prot,
		.vma_shared = vma_is_shared(vma),
		.entry_state = ENTRY_EMPTY,
	};

	if (unlikely(!entry_empty(entry)))
		return fault_judge_held(access, vma, entry);
	return fault_classify(&facts);
}

/*
 * Resolves a fault at `address`. Returns 0, or VM_WAIT with *wait filled in, or VM_SEGV_*, VM_BUS,
 * VM_OOM, VM_DYING. Sets wait->kind to the kind of the fault, as it was seen last. *wait is as
 * vm_wait_init() or the last call for the same access has left it. Never sleeps.
 * The caller holds no spinning lock and has interrupts on.
 */
int vm_fault(struct space *space, vaddr_t address, unsigned access, struct vm_wait *wait);
