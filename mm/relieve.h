/* SPDX-License-Identifier: MIT */
/* The one door for who needs memory and may wait for it. */
#pragma once

#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/table_pages.h"

/*
 * One request for memory, as far as it has come. Begin as `struct relief r = {0};`. What is looked
 * for differs: a growing file is told that there is no room before a process ends for it; what
 * gives memory back by running may have the last frames.
 */
struct relief {
	unsigned turn; /* 0: what is kept for speed goes; then processes */
	bool spare;    /* nobody has to end for this */
};

/*
 * An allocation has failed. Makes room, and a step more each time for the same request, so that its
 * maker looks at everything again before anything worse is done:
 *
 * 1. caches are emptied, and clean pages of files that nobody uses are dropped, as long as that
 *    brings anything worth while;
 * 2. processes that are ending are given the time to give their memory back;
 * 3. somebody is ended (mm_host.relieve).
 *
 * 0: ask again; -ENOMEM: there is nobody left who could give any; -EINTR: the running thread has
 * been killed.
 * => no spinning lock held; waiting locks may be, the mmap lock too (docs/LOCKING.md): no step
 * takes one that somebody else may have, and none waits for ever. Not for faults, which answer
 * VM_OOM: who asked for the page calls this
 */
int relieve(struct relief *relief);

/* What the functions below come to where there is no memory at once. */
struct page *page_alloc_relieved(unsigned order, enum page_kind kind);
void *slab_alloc_relieved(struct slab_cache *cache, enum page_alloc_from last);
int tables_fill_relieved(struct mmu_tables *tables, unsigned count);

/*
 * Allocations that go through the door: as those without _wait, but NULL, -ENOMEM or -EINTR only
 * where it answers so. => as relieve()
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

/* For what gives memory back by running: has the reserve before anybody is ended for it. */
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
 * Empties caches of frames and slabs. Clean cached file pages go too where their object can fill
 * them again.
 */
void mm_trim(void);
