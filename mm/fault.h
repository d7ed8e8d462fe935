/* SPDX-License-Identifier: MIT */
/* The fault dispatcher. */
#pragma once

#include "mm/space.h"
#include "mm/vm_wait.h"

/* What vm_fault() answers, beside 0 (run the instruction again) and VM_WAIT. */
#define VM_SEGV_MAPERR (-1001) /* no VMA there */
#define VM_SEGV_ACCERR (-1002) /* the VMA forbids it */
#define VM_SEGV_STACK  (-1003) /* below a stack that may not grow further: stack overflow */
#define VM_BUS	       (-1004) /* past the end of a file, I/O error, no room for its page */
#define VM_OOM	       (-1005) /* no frame: the caller applies the policy and may ask again */
#define VM_DYING       (-1006) /* the space is being torn down: its threads have been killed */

/* Between the parts of the dispatcher, beside 0, VM_WAIT and the outcomes: */
#define FAULT_AGAIN   2 /* look again; (what is less is the end) */
#define FAULT_PREPARE 3 /* something is missing that has to be had without the lock: fault_need() */

/* What may be missing (fault.missing). */
#define FAULT_NEEDS_TABLES 1u
#define FAULT_NEEDS_PAGE   2u /* a page of the VMA's object, which is not in it yet */
#define FAULT_NEEDS_COPY   4u /* a frame of its own with a copy of another, or zeros */

/* Pages of an object that one fault maps: an aligned window of so many, one table's. */
#define FAULT_AROUND 16

struct fault {
	/* What is asked; filled once. */
	struct space *space;
	vaddr_t va;	 /* the page's: stval, rounded down */
	unsigned access; /* RIGHT_* and ACCESS_*: scause */
	struct vm_wait *wait;
	/* Found, in this round. => space lock held since */
	struct vma *vma;
	struct mmu_entry *slot; /* NULL: its table is missing */
	struct mmu_entry entry; /* what it said */
	unsigned wanted;	/* RIGHT_*: what the access comes to */
	enum fault_kind kind;
	/* Got, in this round: FILL and COW. => locks held since */
	struct page
		*page; /* a frame of its own, with a reference; an object's; NULL: the zero page */
	pfn_t pfn;
	struct page *pages[FAULT_AROUND]; /* an object's page, to be read: it and its neighbours */
	vaddr_t window;			  /* address of the first */
	unsigned npages;
	/* Prepared without the lock: kept from round to round, and of no meaning while rounds is 0. */
	unsigned rounds;
	unsigned missing, had; /* FAULT_NEEDS_*: for the next round; ever */
	uint64_t layout;       /* the space's, when it was missed */
	unsigned ntables;      /* table pages that were missing */
	struct mmu_tables tables;
	struct object *object; /* FAULT_NEEDS_PAGE: whose, referenced; NULL: none was */
	uint64_t index;
	struct page *brought; /* it, referenced, so that it stays until the next look; NULL */
	int refused;	      /* why it can't be brought: -ENXIO, -EIO, -ENOSPC; or 0 */
	struct page *copy;    /* FAULT_NEEDS_COPY: the frame with the copy; NULL: none */
	pfn_t copy_pfn;
	pfn_t source;		  /* of which frame; zero_pfn: zeros */
	struct page *source_page; /* its page, referenced; NULL: zeros */
	size_t nbytes;		  /* of it; zeros from there on */
	struct page *replaced;	  /* the page that the entry had: its count is to be given back */
	/* What FAULT_NEEDS_PAGE is to be from the next round on. */
	struct object *wanted_object;
	uint64_t wanted_index;
};

static inline bool fault_is_write(const struct fault *fault)
{
	return fault->wanted & VM_PROT_WRITE;
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

/* For get(): the page of the VMA's object is not there: FAULT_PREPARE, or VM_BUS: it can't be brought. */
int fault_need_page(struct fault *fault);

/*
 * For get(): a frame of its own, with the first nbytes of the frame `source` and zeros behind
 * them: 0, and it is fault->page; or FAULT_PREPARE. => locks held
 */
int fault_get_copy(struct fault *fault, pfn_t source, size_t nbytes);

/* The same, all zeros. */
int fault_get_zeros(struct fault *fault);

/* What a fault is that comes to this access (fault_wanted()), with this VMA and an entry that is not EMPTY. => space lock held */
enum fault_kind fault_judge_held(unsigned access, const struct vma *vma, struct mmu_entry entry);

/* The same for any entry. (Most are EMPTY, and then there is little to ask.) */
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
 * Serves one fault. 0; VM_WAIT with *wait filled; VM_SEGV_*; VM_BUS; VM_OOM; VM_DYING. Never
 * sleeps.
 * wait->kind: of what kind it was, as it was seen last.
 * => no spinning lock held; interrupts on
 */
int vm_fault(struct space *space, vaddr_t address, unsigned access, struct vm_wait *wait);
