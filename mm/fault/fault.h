/* SPDX-License-Identifier: MIT */
/* The fault dispatcher. */
#pragma once

#include "mm/space/space_lock.h"
#include "mm/vm_wait.h"

/* What a round may need prepared. */
#define FAULT_NEEDS_TABLES 1u  /* page-table pages */
#define FAULT_NEEDS_PAGE   2u  /* a page of an object that is not resident */
#define FAULT_NEEDS_BLOCK  8u  /* a block of zeros, for a large entry */
#define FAULT_NEEDS_THERE  16u /* as PAGE, but not where there is a hole */
#define FAULT_NEEDS_COPY   4u  /* a private frame with a copy of another one, or zeros */

/* What a private frame is a copy of. */
struct copy_source {
	pfn_t pfn;	   /* zero_pfn, with nbytes 0: zeros */
	struct page *page; /* its page, referenced; NULL: zeros */
	size_t nbytes;	   /* how much of it is copied; the rest is zeros */
};

/* A private frame with its bytes, and what they are a copy of. Only mm/fault/cow.c:copy_make() sets these. */
struct fault_copy {
	struct page *page; /* NULL: none, or it was used: the source stays known */
	pfn_t pfn;
	struct copy_source source;
};

/* What fault_prepare() is to get, as a round says that returns VM_PREPARE. fault_prepare() takes over the references. */
struct fault_need {
	unsigned what; /* FAULT_NEEDS_*; for all but BLOCK, one of the three groups below is set */
	unsigned ntables; /* TABLES: how many */
	/* PAGE, THERE: of which object, referenced; of the swap cache with the slot `index` too */
	struct object *object;
	uint64_t index;
	/* COPY */
	struct copy_source source;
};

/* What was prepared with no lock held. It is kept from round to round until it is used. */
struct fault_prepared {
	unsigned rounds; /* how many came before this one; not that of a reader that was none */
	unsigned needed; /* FAULT_NEEDS_* of all of them */
	bool alone;	 /* the fault cannot be a reader of the space */
	struct mmu_tables tables;
	struct object *object; /* of the last page that was needed, with its reference; or NULL */
	uint64_t index;
	struct page *page; /* this page, with a reference that keeps it resident; or NULL */
	int refused;	   /* why there is none: -ENXIO, -EIO, -EDEADLK, -ENOSPC; or 0 */
	struct page *
		block; /* with its large map (mm/phys/large_page.h); NULL: none, or there was none to be had */
	struct fault_copy copy;
	struct page *replaced; /* COW: the page that the entry had, which still counts as mapped */
};

struct fault {
	/* The request: set once, by vm_fault(). */
	struct space *space;
	vaddr_t va; /* of the page: stval, rounded down */
	unsigned
		access; /* VM_PROT_*, ACCESS_POPULATE; ACCESS_AHEAD is set by the round that resolves it */
	struct vm_wait *wait;
	/* Set for each round: the reader that the fault is, or NULL: it holds the space's lock, and is alone. */
	struct space_reader *reader;
	/* Found in the first round, and again in a round that finds another layout. */
	struct vma *vma; /* for what it counts: touched_start, touched_end, faults */
	struct vma_attr attr;
	unsigned wanted;	/* VM_PROT_*: what the access needs, see fault_wanted() */
	struct mmu_entry *slot; /* where the entry is; NULL: its table does not exist */
	/* Found and classified in each round, under the space's lock. */
	struct mmu_entry entry;
	enum fault_kind kind;
	/* Got in this round, for FILL, COW and SWAPPED, under the same hold of the locks. */
	struct page
		*page; /* a private frame, with its reference; an object's; NULL: the zero page */
	pfn_t pfn;     /* its number, of a private frame only */
	/* A read of an object: the window around va, see backend->resident(). */
	unsigned npages;
	vaddr_t window; /* the address of the first */
	/* All of them: in a node of the object's index, or `gathered`. */
	struct page *const *pages;
	struct page *gathered[FAULT_AROUND];
	/* With VM_RUN: */
	/*
	 * Pages to be filled after this one, or before it if negative. With ACCESS_AHEAD those that the round has mapped the zero page in,
	 * or made writable.
	 */
	long run;
	bool reserve;	    /* first, frames are reserved for the rest of the block */
	vaddr_t swept;	    /* the base of a block that has been written in full; 0: none */
	vaddr_t into;	    /* that of the next one, if it has nothing but zeros yet; 0: none */
	struct page *taken; /* of a fault that is resolved, for vm_fault_take(); or NULL */
	struct page *given; /* of vm_fault_give(): what is not mapped yet; NULL: the zero page */
	/* In a recorded space: */
	uint64_t begun;	  /* arch_instructions() when the round began */
	uint8_t waited;	  /* with wait->object: for what the access has waited before it, or 0 */
	unsigned naround; /* pages that it has mapped beside its own: */
	unsigned around;  /* a bit for each from `window` on */
	uint32_t around_frames[FAULT_AROUND];
	/* Left for the next round by one that ends with VM_PREPARE or VM_AGAIN. */
	uint64_t layout;		 /* space->layout at its end */
	struct fault_need need;		 /* VM_PREPARE only */
	struct fault_prepared *prepared; /* NULL in the first round */
};

static inline bool fault_is_write(const struct fault *fault)
{
	return fault->wanted & VM_PROT_WRITE;
}

static inline bool fault_is_shared(const struct fault *fault)
{
	return fault->attr.flags & VMA_SHARED;
}

/* Was a private frame got? */
static inline bool fault_got_frame(const struct fault *fault)
{
	return fault->page && page_kind(fault->page) == PAGE_ANON;
}

/* Is the private frame a copy of a page, and not zeros? */
static inline bool fault_is_copy(const struct fault *fault)
{
	return fault->prepared && fault->prepared->copy.source.page;
}

/* Counts a resolved fault. The caller holds the space's lock. */
static inline void fault_count_in(struct space *space, struct vma *vma, enum fault_kind kind)
{
	space->stats.kind[kind]++;
	vma->faults.kind[kind]++;
}

/* Counts a fault that may be a reader. */
static inline void fault_count(struct fault *fault, enum fault_kind kind)
{
	if (unlikely(fault->reader))
		fault->reader->faults.kind[kind]++;
	else
		fault_count_in(fault->space, fault->vma, kind);
}

/* A and D as the hardware would set them for this access. */
static inline unsigned fault_used_flags(const struct fault *fault)
{
	return fault_is_write(fault) ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;
}

/*
 * Ends the round: `what` (FAULT_NEEDS_*) has to be prepared with no lock held. The caller sets the
 * rest of fault->need. Returns VM_PREPARE.
 */
static inline enum vm_outcome fault_need(struct fault *fault, unsigned what)
{
	uint64_t *retry = fault->space->stats.retry;

	assert_hardened(fault->reader || spin_lock_held(&fault->space->lock));
	if (unlikely(fault->prepared && fault->prepared->needed & what)) /* and could not be used */
		counter_add(&retry[what == FAULT_NEEDS_TABLES ? RETRY_TABLES : RETRY_SOURCE], 1);
	fault->need.what = what;
	return VM_PREPARE;
}

/*
 * The following three are for a backend's get(), under the locks that it is called with.
 *
 * The page of the VMA's object is not resident: returns VM_PREPARE, or VM_BUS if it was tried
 * and cannot be read.
 */
enum vm_outcome fault_need_page(struct fault *fault);

/*
 * Gets a private frame with the first nbytes of the frame `source`, and zeros after them. Returns
 * VM_OK with the frame in fault->page, or VM_PREPARE.
 */
enum vm_outcome fault_get_copy(struct fault *fault, pfn_t source, size_t nbytes);

/* Gets a private frame of zeros. Returns as fault_get_copy(). */
enum vm_outcome fault_get_zeros(struct fault *fault);

/*
 * Resolves a fault at `address`. Returns VM_OK, VM_WAIT with *wait filled in, VM_SEGV_*, VM_BUS,
 * VM_OOM or VM_DYING. Sets wait->kind to the kind of the fault, as it was seen last. *wait is as
 * vm_wait_init() or the last call for the same access has left it. Never sleeps.
 * The caller holds no spinning lock and has interrupts on.
 * In a recorded space it returns VM_RECORDED instead of VM_OK. Then, and after a refusal, the caller completes
 * wait->record, the record of the fault's end, or writes one if that is NULL: pages ahead come first. With ACCESS_INSIDE there
 * is no record.
 */
enum vm_outcome vm_fault(struct space *space, vaddr_t address, unsigned access,
			 struct vm_wait *wait);

/* vm_fault() for callers that fill pages: no fault of a thread ends there. VM_OK instead of VM_RECORDED. */
static inline enum vm_outcome vm_fault_in(struct space *space, vaddr_t address, unsigned access,
					  struct vm_wait *wait)
{
	enum vm_outcome outcome = vm_fault(space, address, access | ACCESS_INSIDE, wait);

	return outcome == VM_RECORDED ? VM_OK : outcome;
}

/*
 * vm_fault() for get_user_page(): takes the page under the hold of the space's lock that has resolved the fault. If
 * there were another one, threads that throw the page away again and again could delay the access for ever. With
 * VM_OK, *page_ret is as from user_page_take().
 */
enum vm_outcome vm_fault_take(struct space *space, vaddr_t address, unsigned access,
			      struct vm_wait *wait, struct page **page_ret);

/*
 * Maps a page for a program that resolves a fault there by itself (mm/fault/userfault.h). *page is a frame, or NULL: the zero page. Where
 * it is used its reference is taken, and *page is NULL. `wp`: it gets ENTRY_WP. Or it is the object's page, whose reference stays the caller's. Returns as vm_fault() does: VM_BUS is beyond the end, or where
 * the object has another page or none. Another refusal's wait->kind is FAULT_DENY_MAPERR if the memory is not registered; else there is something.
 */
enum vm_outcome vm_fault_give(struct space *space, vaddr_t va, struct page **page, bool wp,
			      struct vm_wait *wait);
