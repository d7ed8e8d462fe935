/* SPDX-License-Identifier: MIT */
/* What a fault ends with, and what a caller that has to wait waits for. */
#pragma once

#include "sync/waitq.h"

struct journal_record;
struct object;
struct space;

/* What an access waits for, as the journal has it (docs/journal.md). */
enum vm_wait_why {
	WAITS_FOR_FILE = 1,    /* a page of a file that is being read */
	WAITS_FOR_SERVER,      /* a page of a file that a program serves */
	WAITS_FOR_SWAP,	       /* a page that is being read from swap */
	WAITS_FOR_SWAP_WRITE,  /* a page that is being written to swap */
	WAITS_FOR_SWAP_ROOM,   /* the end of one of many reads from swap */
	WAITS_FOR_VERB,	       /* a system call that is at work on the range, or fork */
	WAITS_FOR_CLEAN_PAGES, /* the server: too many pages of its files are dirty */
	WAITS_FOR_MEMORY,      /* relieve() */
	WAITS_FOR_JOURNAL,     /* room in the journal */
	WAITS_FOR_USERFAULT,   /* a program that resolves it (mm/fault/userfault.h) */

	WAITS_FOR_OTHER = 16, /* a bit of the first three: another thread has started the read */
};

/*
 * Filled in by the function that returns VM_WAIT. The caller, with no spinning lock held, enqueues
 * on `queue` unless its sequence has moved on from `seq`, sleeps, and then calls again from the
 * start with the same struct. vm_wait_init() comes before the first call for an access. For WAITS_FOR_USERFAULT there is no
 * queue: thread_wait_memory() waits for all.
 */
struct vm_wait {
	struct waitq *queue;
	uint64_t seq;
	unsigned kind; /* set by vm_fault() alone, whatever it returns: enum fault_kind */
	bool major;    /* set where a device has been asked for a page: a major fault */
	uint8_t why;   /* set with `queue`: enum vm_wait_why */
	/*
	 * The access has started a read of the page `index` of this object, or has waited for one. If
	 * that read fails, the access gets the error. NULL: there was no read. The pointer is only
	 * compared, because the object may be gone.
	 */
	const struct object *object;
	uint64_t index;
	/* WAITS_FOR_USERFAULT: the page that is missing, or write-protected. The caller keeps the space. */
	struct space *space;
	vaddr_t va;
	bool writes, is_protected;
	bool minor; /* its object has it */
	/* In a recorded space (record/fault.c): */
	uint64_t recorded_work; /* what journal_work() was when the fault came */
	uint64_t recorded_at; /* arch_instructions() when a round had ended that was not the last */
	uint64_t waits_since; /* arch_time() when it began to wait */
	uint64_t
		rounds; /* instructions: in the low half in rounds, in the high half between them */
	struct journal_record *record; /* is left for the fault's end; NULL: none */
	uint64_t record_number;
};

static inline void vm_wait_init(struct vm_wait *wait)
{
	wait->object = NULL;
}

/*
 * What vm_fault() and the steps of its rounds return. Other functions of mm return VM_OK, VM_WAIT or
 * a negative errno; no outcome is an errno.
 */
enum vm_outcome {
	VM_DYING = -1006,      /* the space is being torn down: its threads have been killed */
	VM_OOM = -1005,	       /* no free frame: the caller applies its policy and may call again */
	VM_BUS = -1004,	       /* past the end of a file, I/O error, no room for the file's page */
	VM_SEGV_STACK = -1003, /* stack overflow: below a stack that may not grow further */
	VM_SEGV_ACCERR = -1002, /* the VMA forbids the access */
	VM_SEGV_MAPERR = -1001, /* no VMA contains the address */
	VM_OK = 0,		/* resolved: run the instruction again; of a step: take the next */
	VM_WAIT = 1,		/* *wait is filled in */
	VM_RECORDED,		/* VM_OK, of a fault that the journal has: see vm_fault() */
	/* Of a step only; every smaller value ends the fault. */
	VM_AGAIN, /* start another round */
	VM_RUN,	  /* the fault is resolved: fill the pages that fault->run says with no lock held */
	VM_PREPARE, /* prepare what fault->need says with no lock held, then start another round */
};

/* Does the fault end with the round that has this outcome? */
static inline bool vm_outcome_is_last(enum vm_outcome outcome)
{
	return likely(outcome == VM_OK) || outcome < VM_AGAIN;
}

/* Is the access refused because of what is mapped? */
static inline bool vm_outcome_is_segv(enum vm_outcome outcome)
{
	return outcome >= VM_SEGV_STACK && outcome <= VM_SEGV_MAPERR;
}

/* For a result that is an outcome or an errno: is it the end of a fault that was not resolved? */
static inline bool vm_result_is_refusal(int result)
{
	return result <= VM_SEGV_MAPERR;
}
