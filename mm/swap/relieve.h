/* SPDX-License-Identifier: MIT */
/* What to do when an allocation has failed and the caller may wait for memory. */
#pragma once

#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/table_pages.h"
#include "mm/vm_wait.h"

/*
 * The state of one request for memory. Initialise with `struct relief r = {0};`. A growing file
 * sets `spare`: it fails for lack of room before a process is killed for it. Code that
 * frees memory, such as munmap, may use the reserve.
 */
struct relief {
	unsigned turn;	/* 0: reclaim pages; above: wait for processes or kill one */
	bool spare;	/* no process is killed for this */
	unsigned nvain; /* how often no process was killed, as frames were free */
};

/*
 * Makes room after an allocation has failed. Each call for the same request goes a step further, so
 * that the caller tries again before anything worse is done:
 *
 * 1. Pages that have not been used for a while are reclaimed (mm/swap/reclaim.h), and caches are
 *    emptied, as long as that frees enough.
 * 2. Processes that are ending get time to free their memory.
 * 3. A process is killed (mm_host.relieve), unless frames above the low watermark are free.
 *
 * Returns 0 if the caller should try again, -EINTR if the running thread has been killed, or -ENOMEM: no process is left
 * that could free memory, or the request is for a block of frames, of which there is none.
 *
 * Call with no spinning lock held. Mutexes may be held, the mmap lock too (docs/LOCKING.md): no
 * step takes one that another thread may hold, and none waits for ever. The fault path does not
 * call this; it returns VM_OOM, and the caller of vm_fault() calls this.
 */
int relieve(struct relief *relief);

/*
 * For a loop that calls a function until it neither has to wait nor lacks memory. `*result` is what
 * the function has returned: for VM_WAIT this waits for *wait, for -ENOMEM and VM_OOM it calls
 * relieve(), and for -EAGAIN it does nothing. Returns true if the loop should call the function
 * again. Otherwise `*result` is the result of the loop: what the function has returned, or the error
 * of the wait or of relieve(). `wait` is NULL if the function never returns VM_WAIT. Call with no
 * spinning lock held.
 *
 * Two kinds of loops call relieve() instead:
 * - Allocators return a pointer, not a result, and some do not wait for everything: mem_wait_kmalloc() gives up if memory is
 *   only fragmented, and a driver's alloc_frames() after a few tries. slab_alloc_relieved() uses the reserve from
 *   some step on.
 * - The fault of a program (trap/fault.c) waits so that only a kill ends it, or, as part of a user copy, so that a signal
 *   does. It turns its other outcomes into signals.
 */
bool wait_and_retry(int *result, struct vm_wait *wait, struct relief *relief);

/* The slow paths of the functions below, for when there is no memory at once. */
struct page *page_alloc_relieved(unsigned order, enum page_kind kind);
void *slab_alloc_relieved(struct slab_cache *cache, enum page_alloc_from last);
int tables_fill_relieved(struct mmu_tables *tables, unsigned count);

/*
 * Allocations that may wait; for locks, see relieve(). They are as those without _wait, but return
 * NULL, -ENOMEM or -EINTR only if relieve() fails.
 */
static inline struct page *page_alloc_wait(unsigned order, enum page_kind kind)
{
	struct page *page = page_alloc(order, kind, PAGE_NORMAL);

	return likely(page) ? page : page_alloc_relieved(order, kind);
}

static inline void *slab_alloc_wait(struct slab_cache *cache)
{
	void *object = slab_alloc(cache);

	return likely(object) ? object : slab_alloc_relieved(cache, PAGE_NORMAL);
}

/* For what frees memory by running: uses the reserve before a process is killed for it. */
static inline void *slab_alloc_last(struct slab_cache *cache)
{
	void *object = slab_alloc(cache);

	return likely(object) ? object : slab_alloc_relieved(cache, PAGE_RESERVE);
}

static inline int tables_fill_wait(struct mmu_tables *tables, unsigned count)
{
	return likely(!tables_fill(tables, count)) ? 0 : tables_fill_relieved(tables, count);
}

/*
 * Drops some of what is cached elsewhere, so that its memory comes free at once or soon. NULL until
 * there is such a cache. Called by relieve(), under the same conditions; it waits for nothing.
 */
extern void (*relieve_hook)(void);

/* Empties the caches of frames and slabs, and drops the file pages of object_trim(). */
void mm_trim(void);
