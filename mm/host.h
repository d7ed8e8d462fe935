/* SPDX-License-Identifier: MIT */
/* What mm needs from the owner of threads. Set once at boot (proc/, and the layer on the core), or by a test on the host. */
#pragma once

#include "lib/types.h"
#include "mm/vm_wait.h"

struct relief;
struct space;

/* What the owner of threads may limit, in bytes. */
enum memory_limit {
	LIMIT_MAPPED, /* all that is mapped */
	LIMIT_DATA,   /* private mappings that are or become writable, but no stacks */
	LIMIT_HEAP,   /* the heap up to the break, with the image's data */
	LIMIT_STACK,  /* the stack, as it grows */
	LIMIT_LOCKED, /* what is locked by mlock or while it is mapped */
	MEMORY_LIMITS
};

/* const once there are several harts, or a process. */
struct mm_host {
	/*
	 * Called between bounded pieces of a verb, with no spinning lock held: may run other
	 * threads. If `wait` is not NULL, waits for that. Returns 0, or -EINTR if the running
	 * thread has been killed.
	 */
	int (*pause)(struct vm_wait *wait);
	/*
	 * The last steps of relieve(), called with no spinning lock held: waits for processes that
	 * are ending, and kills one. Returns 0 if the caller should try again, -ENOMEM, or -EINTR
	 * if the running thread has been killed.
	 */
	int (*relieve)(struct relief *relief);
	/* Is the running thread ending, so that it may use the reserve? */
	bool (*is_ending)(void);
	/* Waits until the queue's sequence has moved on from `seq`; not even a kill ends that. For who records. */
	void (*wait_always)(struct waitq *queue, uint64_t seq);
	/* Returns how many bytes of that the running thread may have; UINT64_MAX: as many as there are. Takes no lock. */
	uint64_t (*limit)(enum memory_limit which);
	/* The running thread has asked a disk for so many bytes. */
	void (*fetches)(size_t bytes);
	/* Tells of the space's events (mm/fault/userfault_event.h) and waits, without the mmap lock, which is held before and after. */
	void (*tell)(struct space *space);
	/* Keeps the struct of the space's owner, not the memory, for who will look whether it is still used. Takes no lock. */
	void (*grab_space)(struct space *space);
	/* Does the running thread hold the space's mmap lock? For assertions. */
	bool (*mmap_locked)(struct space *space);
};

extern struct mm_host mm_host;

static inline int vm_pause(void)
{
	return mm_host.pause(NULL);
}

/*
 * For a loop that calls a function until it does not have to wait. If `*result`, which the function
 * has returned, is VM_WAIT, this waits for *wait, and returns true if the loop should call the
 * function again. Otherwise `*result` is the result of the loop. Where memory may be missing, too,
 * see wait_and_retry() in mm/swap/relieve.h. Call with no spinning lock held.
 */
static inline bool vm_wait_again(int *result, struct vm_wait *wait)
{
	if (likely(*result != VM_WAIT))
		return false;
	*result = mm_host.pause(wait);
	return *result == 0;
}
