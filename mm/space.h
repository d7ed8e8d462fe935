/* SPDX-License-Identifier: MIT */
/* An address space: its VMAs, tables, limits and counters. */
#pragma once

#include "arch/mmu.h"
#include "lib/tree.h"
#include "mm/fault_classify.h"
#include "mm/vma.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

/* Why a fault started over. */
enum fault_retry {
	RETRY_VMA,    /* its VMA is another */
	RETRY_ENTRY,  /* its entry, or the kind, is another */
	RETRY_SOURCE, /* the page is no longer in its object at that index */
	RETRY_TABLES, /* a table was unlinked meanwhile */
	RETRY_RACE,   /* the hardware or another hart was quicker by one bit */
	RETRY_REASONS
};

/* Counted where it happens; read by tests, rusage and the prompt. */
struct space_stats {
	uint64_t kind[FAULT_KINDS];
	uint64_t retry[RETRY_REASONS];
	uint64_t grow;	    /* stack grown by a fault */
	uint64_t zero_maps; /* FILL that mapped the zero page */
	uint64_t around;    /* object pages mapped beside the one that was asked for */
	uint64_t fences;
	uint64_t major; /* faults that had to wait for their page */
	uint64_t peak_resident;
};

/* Ranges that the program gave back, the last few: for reports of a use after that. */
#define SPACE_UNMAPS 8
struct space_unmap {
	vaddr_t start, end;
	bool heap; /* by brk */
};

struct debts;

struct space {
	struct spinlock lock;
	/* guarded by lock: */
	struct mmu mmu;
	struct tree vmas;
	uint64_t layout;      /* counts changes of VMAs and tables that were unlinked */
	struct vma *last_hit; /* the VMA found last; atomic under the mmap lock alone */
	size_t nvmas;
	size_t resident; /* entries that hold a frame, zero page apart */
	size_t tables;	 /* table pages, root included */
	size_t pins; /* of private pages that it maps, or mapped: put_user_page() is still to come */
	struct space_stats stats;
	bool dying; /* the OOM killer strips it, or exit tears it down: no grants any more */
	/* where a verb is between unmapping and the end: who finds no VMA there waits for it */
	vaddr_t busy_start, busy_end;
	bool busy_awaited;
	size_t mapped_bytes; /* RLIMIT_AS */
	size_t data_bytes;   /* RLIMIT_DATA: private, writable, no stack */
	struct debts *debts; /* hardened build: fences owed (mm/check/fence_debt.h) */
	/* guarded by the mmap lock, read under either: */
	unsigned
		future_flags; /* mlockall: VMA_LOCKED, VMA_ONFAULT for what is mapped from now on */
	bool ever_locked;     /* some VMA may have VMA_LOCKED */
	vaddr_t brk_start, brk;
	vaddr_t brk_high;	 /* in the break's page: bytes from brk up to here may be dirty */
	size_t image_data_bytes; /* of the image's data: counts against RLIMIT_DATA for brk */
	vaddr_t mmap_top;	 /* first fit from here downwards */
	vaddr_t stack_top;
	uint64_t limit_as, limit_data, limit_stack; /* bytes; UINT64_MAX: none */
	/* written under the mmap lock, read without (only words hang on them): */
	struct space_unmap unmaps[SPACE_UNMAPS];
	unsigned nunmaps; /* ever: the next is at nunmaps % SPACE_UNMAPS */
	/* its own lock: */
	struct waitq busy_done; /* woken when busy_start, busy_end are cleared and somebody waits */
	/* guarded by spaces_lock: */
	struct list link; /* in `spaces` */
	/* const: */
	void *owner; /* proc's: who runs in it */
};

/*
 * All spaces, for the ledger and truncation. A space that is on it under the lock stays as long as
 * the lock is held.
 */
extern struct spinlock spaces_lock;
extern struct list spaces;

/* An empty space with its root table: 0 or -ENOMEM. */
int space_create(struct space *space);

/*
 * Unmaps and frees everything, in pieces, pausing between them (a kill does not stop it).
 * => no thread runs in it; no spinning lock held
 */
void space_destroy(struct space *space);

/* NULL: there is none. => space lock or mmap lock held */
struct vma *vma_find_in_tree(struct space *space, vaddr_t va);
struct vma *vma_find_next(struct space *space, vaddr_t va);  /* the first that ends above va */
struct vma *vma_last_below(struct space *space, vaddr_t va); /* the last that starts below va */
struct vma *vma_first(struct space *space);
struct vma *vma_last(struct space *space);
struct vma *vma_next(struct vma *vma);
struct vma *vma_prev(struct vma *vma);

/* The VMA that was found last, if it holds va too; NULL. => space lock or mmap lock held */
static inline struct vma *vma_last_hit(struct space *space, vaddr_t va)
{
	struct vma *vma = atomic_load_relaxed(&space->last_hit);

	return likely(vma) && likely(va - vma->start < vma->end - vma->start) ? vma : NULL;
}

/* The VMA that holds va, or NULL. => space lock or mmap lock held */
static inline struct vma *vma_find(struct space *space, vaddr_t va)
{
	struct vma *vma = vma_last_hit(space, va);

	return likely(vma) ? vma : vma_find_in_tree(space, va);
}

/*
 * May the space grow by so many bytes of that kind (RLIMIT_AS, RLIMIT_DATA)? => space lock or mmap
 * lock held
 */
bool space_may_expand(const struct space *space, unsigned prot, unsigned vma_flags, size_t bytes);

/* Do such pages count against RLIMIT_DATA? */
static inline bool vma_is_data(unsigned prot, unsigned vma_flags)
{
	return (prot & VM_PROT_WRITE) && !(vma_flags & (VMA_SHARED | VMA_STACK));
}

/* The program gave a range back. => mmap lock held */
static inline void space_note_unmap(struct space *space, vaddr_t start, vaddr_t end, bool heap)
{
	space->unmaps[space->nunmaps++ % SPACE_UNMAPS] = (struct space_unmap){ start, end, heap };
}

/* `delta` more entries hold frames. => space lock held */
static inline void space_add_resident(struct space *space, size_t delta)
{
	space->resident += delta;
	if (space->resident > space->stats.peak_resident)
		space->stats.peak_resident = space->resident;
}

/*
 * Between space_busy() and space_idle() a fault that finds no VMA in [start, end) waits, so that no
 * thread sees a verb half done, and no stack grows into the range. The caller holds the mmap lock
 * and no spinning lock.
 */
void space_busy(struct space *space, vaddr_t start, vaddr_t end);
void space_idle(struct space *space);

/* The same for callers that hold the space's lock; space_unlock_idle() also releases it. */
static inline void space_busy_locked(struct space *space, vaddr_t start, vaddr_t end)
{
	assert_hardened(spin_lock_held(&space->lock));
	space->busy_start = start;
	space->busy_end = end;
}

static inline void space_unlock_idle(struct space *space)
{
	bool awaited = space->busy_awaited;

	assert_hardened(spin_lock_held(&space->lock));
	space->busy_start = 0;
	space->busy_end = 0;
	space->busy_awaited = false;
	spin_unlock(&space->lock);
	if (unlikely(awaited))
		waitq_wake_all(&space->busy_done);
}

/* Makes all harts forget what is gathered, and pays the debts. => space lock held */
void space_fence(struct space *space, struct mmu_flush *flush);
