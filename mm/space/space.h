/* SPDX-License-Identifier: MIT */
/* An address space: its VMAs, page tables, limits and counters. */
#pragma once

#include "arch/mmu.h"
#include "lib/bits.h"
#include "lib/tree.h"
#include "mm/fault/fault_kind.h"
#include "mm/host.h"
#include "mm/space/vma.h"
#include "sync/atomic.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

/* Why a fault was retried. */
enum fault_retry {
	RETRY_VMA,    /* its VMA has changed */
	RETRY_ENTRY,  /* its entry, or its kind, has changed */
	RETRY_SOURCE, /* the page is no longer in its object at that index */
	RETRY_TABLES, /* a page table was unlinked meanwhile */
	RETRY_RACE,   /* the hardware or another hart changed a bit of the entry first */
	RETRY_REASONS
};

/* Counted where the events happen; read by tests, rusage and the prompt. */
struct space_stats {
	uint64_t kind[FAULT_KINDS];
	uint64_t retry[RETRY_REASONS];
	uint64_t grow;	    /* stack grown by a fault */
	uint64_t zero_maps; /* FILL faults that mapped the zero page */
	uint64_t around;    /* object pages mapped by fault-around */
	uint64_t ahead;	    /* private frames that runs have added (mm/fault/run.h) */
	uint64_t fences;
	uint64_t major; /* faults that had to ask a device for their page, or wait for it */
	uint64_t peak_resident;
	uint64_t peak_mapped; /* bytes, of before the last unmapping: space_peak_mapped() */
};

/* The last few ranges that the program unmapped, for reports of a use after that. */
#define SPACE_UNMAPS 8
struct space_unmap {
	vaddr_t start, end;
	bool heap; /* by brk */
};

struct debts;
struct space_reader;
struct userfault_event;
struct vm_wait;

struct space {
	struct spinlock lock; /* taken by space_lock() (mm/space/space_lock.h) */
	/* guarded by lock, which readers keep from being taken; what these change is atomic: */
	struct mmu mmu;
	struct tree vmas;
	uint64_t layout;      /* counts changes of VMAs, and page tables unlinked */
	struct vma *last_hit; /* the VMA found last; atomic where only the mmap lock is held */
	uint8_t at_lock;      /* atomic: SPACE_*, what space_lock() does first */
	struct space_reader
		*readers; /* NULL, or one for each hart (mm/space/space_lock.h); then const */
	size_t nvmas;
	size_t resident; /* entries that map a frame other than the zero page */
	/* Of these, what objects have: those that are swap_backed, and others. All others are private. */
	size_t resident_shmem, resident_file;
	size_t tables; /* page table pages, the root included */
	size_t large;  /* large entries: each counts as MMU_LEAF_ENTRIES resident pages */
	/* Pins of private pages, mapped now or before, that put_user_page() has yet to drop. */
	size_t pins;
	struct space_stats stats;
	uint32_t swapped; /* entries that are SWAP */
	/* atomic: in so many turns the hand looks for pages that are PAGE_LAZYFREE: space_has_lazyfree() */
	uint8_t lazyfree;
	size_t charged; /* atomic: pages of objects that only mappings hold (object_charge.h) */
	union {
		struct {
			bool dying; /* the OOM reaper or exit tears it down: no fault is resolved any more */
			/* fork is at work: a fault below forked_end waits for its end. */
			bool forking;
			bool recorded; /* what happens to it is told (mm/record.h), until that is over */
		};
		uint32_t unusual; /* any of these; SPACE_ONLY_RECORDED: nothing else */
	};
	uint32_t number;    /* const: of a recorded space */
	vaddr_t forked_end; /* the child has its copies of what is below, or gets them next */
	vaddr_t resumes_at; /* const: where the child that vm_fork() fills goes on; 0: not known */
	bool ending; /* space_destroy() removes one VMA after the other, and keeps no balance */
	bool copied; /* fork adds one VMA after the other, and the balance comes at the end */
	/* The busy range: a verb is at work there. A thread that finds no VMA in it waits. */
	vaddr_t busy_start, busy_end;
	unsigned at_idle;    /* AT_IDLE_*: what is left to do when the verb ends */
	size_t mapped_bytes; /* LIMIT_MAPPED */
	size_t data_bytes;   /* LIMIT_DATA: private, writable, no stack */
	size_t exec_bytes;   /* executable, not writable, no stack */
	size_t stack_bytes;
	size_t committed_bytes; /* of VMAs with VMA_ACCOUNT (mm/space/commit.h) */
	size_t locked_bytes;	/* LIMIT_LOCKED: of VMAs with VMA_LOCKED */
	ssize_t commit_credit;	/* bytes charged beyond these; 0 unless a verb is at work */
	struct debts *debts;	/* hardened build: fence debts (mm/check/fence_debt.h) */
	/* changed under the mmap lock, read under it or under lock: */
	unsigned future_flags; /* mlockall: VMA_LOCKED, VMA_ONFAULT for later mappings */
	bool ever_locked;      /* some VMA may have VMA_LOCKED */
	bool ever_sealed;      /* some VMA may have VMA_SEALED */
	bool ever_registered;  /* some VMA may have VMA_USERFAULT */
	/* the mmap lock: what the verb at work has to tell when it is done (mm/fault/userfault_event.h) */
	struct userfault_event *events;
	vaddr_t brk_start, brk;
	/* In the page of the break, bytes from brk up to here may not be zeros. */
	vaddr_t brk_high;
	size_t image_data_bytes; /* of the image's data: counts against LIMIT_HEAP */
	vaddr_t mmap_top;	 /* mappings are placed first fit from here downwards */
	bool mmap_up;		 /* upwards instead */
	vaddr_t stack_top;
	/*
	 * The limits of the process that the space was made for, in bytes: LIMIT_MAPPED, LIMIT_DATA and LIMIT_HEAP,
	 * LIMIT_STACK. UINT64_MAX: none. 0 if `lent`, and of data also where mm_host.limit() says more. All atomic.
	 */
	uint64_t limit_as, limit_data, limit_stack;
	bool lent; /* set once: several processes use the space, or have, and each has limits of its own */
	bool thp_disabled; /* atomic: no runs (mm/fault/run.h); fork and exec keep it */
	unsigned mdwe;	   /* atomic: MDWE_*. Set once; fork and exec begin with mdwe_inherited() */
	unsigned barriers; /* atomic: the commands of membarrier that it is registered for */
	/* written under the mmap lock, read without (only the text of reports depends on it): */
	unsigned nunmaps; /* how many ever; the next is at nunmaps % SPACE_UNMAPS */
	/* What space_create() clears ends here. */
	struct space_unmap unmaps[SPACE_UNMAPS];
	/* its own lock: */
	struct waitq busy_done; /* woken when the busy range is cleared and a thread waits */
	/* guarded by spaces_lock: */
	struct list link; /* member of `spaces` */
	unsigned keepers; /* atomic: calls of space_keep() without their space_release() yet */
	/* const: */
	void *owner; /* the struct uspace of proc/ that it is part of */
};

#define SPACE_NOTHING 0u
#define SPACE_OPEN    1u /* faults may be readers: they have to be kept out */
#define SPACE_OWES    2u /* a fence, for what fork has made read-only */

#define AT_IDLE_WAKE   1u /* a thread waits for the end of the verb */
#define AT_IDLE_SETTLE 2u /* there may be commit_credit to give back */
#define AT_IDLE_RECORD 4u /* the space is recorded: what is mapped in the busy range is written */

#define SPACE_ONLY_RECORDED \
	(1u << 8 * (offsetof(struct space, recorded) - offsetof(struct space, unusual)))

/*
 * All spaces, for the ledger, truncation and reclaim. None leaves the list while spaces_lock is held. Each fork, exec and
 * exit takes that lock, so no holder looks at a space's memory, or has harts make a fence.
 */
extern struct spinlock spaces_lock;
extern struct list spaces;

/*
 * Keeps a space that is on the list, so that its memory may be looked at under its own lock until space_release(). Its end
 * waits for that. So preemption is off in between, and the keeper does a bounded piece of work. Call space_keep() with
 * spaces_lock held.
 */
static inline void space_keep(struct space *space)
{
	assert_hardened(spin_lock_held(&spaces_lock));
	preempt_disable();
	__atomic_fetch_add(&space->keepers, 1, __ATOMIC_RELAXED);
}

static inline void space_release(struct space *space)
{
	__atomic_fetch_sub(&space->keepers, 1, __ATOMIC_RELEASE);
	preempt_enable();
}

/* Initialises an empty space with its root table. Returns 0 or -ENOMEM. May wait for memory. */
int space_create(struct space *space);

/*
 * Unmaps and frees everything, in pieces, with calls of vm_pause() in between; a kill does not stop
 * it. No thread runs in the space. Call with no spinning lock held.
 */
void space_destroy(struct space *space);

/* Return NULL if there is none. The caller holds the space's lock or the mmap lock. */
struct vma *vma_find_in_tree(struct space *space, vaddr_t va);
struct vma *vma_find_next(struct space *space, vaddr_t va);  /* the first that ends above va */
struct vma *vma_last_below(struct space *space, vaddr_t va); /* the last that starts below va */
struct vma *vma_first(struct space *space);
struct vma *vma_last(struct space *space);
struct vma *vma_next(struct vma *vma);
struct vma *vma_prev(struct vma *vma);

/*
 * Returns the VMA that was found last, if va is in it, else NULL. The caller holds the space's lock
 * or the mmap lock.
 */
static inline struct vma *vma_last_hit(struct space *space, vaddr_t va)
{
	struct vma *vma = atomic_load_relaxed(&space->last_hit);

	return likely(vma) && likely(va - vma->start < vma->end - vma->start) ? vma : NULL;
}

/* Returns the VMA that va is in, or NULL. The caller holds the space's lock or the mmap lock. */
static inline struct vma *vma_find(struct space *space, vaddr_t va)
{
	struct vma *vma = vma_last_hit(space, va);

	return likely(vma) ? vma : vma_find_in_tree(space, va);
}

/* PR_SET_MDWE, with the numbers of prctl: memory that can be or could be written does not become executable. */
#define MDWE_ON		1u
#define MDWE_NO_INHERIT 2u

static inline unsigned mdwe_inherited(const struct space *space)
{
	unsigned mdwe = atomic_load_relaxed(&space->mdwe);

	return mdwe & MDWE_NO_INHERIT ? 0 : mdwe;
}

/* Does PR_SET_MDWE forbid to change the permissions of memory from `old` to `new`? For new memory both are the same. */
static inline bool space_denies_exec(const struct space *space, unsigned old, unsigned new)
{
	return unlikely(atomic_load_relaxed(&space->mdwe)) && (new &VM_PROT_EXEC) &&
	       ((new &VM_PROT_WRITE) || !(old & VM_PROT_EXEC));
}

/* Does memory with such prot and flags count against LIMIT_DATA? */
static inline bool vma_is_data(unsigned prot, unsigned vma_flags)
{
	return (prot & VM_PROT_WRITE) && !(vma_flags & (VMA_SHARED | VMA_STACK));
}

/* Does such memory count as text? Then it is no data. */
static inline bool vma_is_exec(unsigned prot, unsigned vma_flags)
{
	return (prot & (VM_PROT_EXEC | VM_PROT_WRITE)) == VM_PROT_EXEC && !(vma_flags & VMA_STACK);
}

/* Counts bytes, which may wrap, of memory with such prot and flags, unless it is a stack. The caller holds the space's lock. */
static inline void space_count_kind(struct space *space, unsigned prot, unsigned vma_flags,
				    size_t delta)
{
	if (vma_is_data(prot, vma_flags))
		space->data_bytes += delta;
	else if (vma_is_exec(prot, vma_flags))
		space->exec_bytes += delta;
}

/*
 * Does LIMIT_LOCKED allow `bytes` locked bytes, and `more`? Only whole pages of the limit
 * count.
 */
static inline bool lock_limit_allows(size_t bytes, size_t more)
{
	uint64_t limit = mm_host.limit(LIMIT_LOCKED);

	return limit == UINT64_MAX ||
	       (bytes >> PAGE_SHIFT) + (more >> PAGE_SHIFT) <= limit >> PAGE_SHIFT;
}

/* May the space have so many bytes more, if memory with such flags is locked? The caller holds its lock or the mmap lock. */
static inline bool space_may_lock(const struct space *space, unsigned vma_flags, size_t bytes)
{
	return likely(!(vma_flags & VMA_LOCKED)) || lock_limit_allows(space->locked_bytes, bytes);
}

/*
 * For what is more than the space's copy of a limit: returns the limit of the running process if the space is
 * lent, else 0.
 */
uint64_t space_lent_limit(const struct space *space, enum memory_limit which);

/* space_may_expand() for sums of bytes of which one is more than the space's copy of its limit; data is 0 if there is none. */
bool space_lent_may_expand(const struct space *space, uint64_t mapped, uint64_t data);

/*
 * May the space grow by `bytes` with such prot and flags (LIMIT_MAPPED, LIMIT_DATA)? The caller holds
 * the space's lock or the mmap lock.
 */
static inline bool space_may_expand(const struct space *space, unsigned prot, unsigned vma_flags,
				    size_t bytes)
{
	bool is_data = vma_is_data(prot, vma_flags);
	uint64_t total;

	if (add_overflows(space->mapped_bytes, bytes, &total))
		return false;
	return likely(total <= space->limit_as &&
		      (!is_data || space->data_bytes + bytes <= space->limit_data)) ||
	       space_lent_may_expand(space, total, is_data ? space->data_bytes + bytes : 0);
}

/* May a stack of the space have so many bytes (LIMIT_STACK)? */
static inline bool space_may_stack(const struct space *space, size_t bytes)
{
	return likely(bytes <= space->limit_stack) || bytes <= space_lent_limit(space, LIMIT_STACK);
}

/* Records that the program unmapped a range. The caller holds the mmap lock. */
static inline void space_note_unmap(struct space *space, vaddr_t start, vaddr_t end, bool heap)
{
	space->unmaps[space->nunmaps++ % SPACE_UNMAPS] = (struct space_unmap){ start, end, heap };
}

/* The most bytes that were ever mapped. The caller holds the space's lock. */
static inline uint64_t space_peak_mapped(const struct space *space)
{
	return MAX(space->stats.peak_mapped, space->mapped_bytes);
}

/* Call before an unmapping: notes the peak of mapped bytes. The caller holds the space's lock. */
static inline void space_note_peak(struct space *space)
{
	space->stats.peak_mapped = space_peak_mapped(space);
}

/* Counts `delta` more entries that map frames. The caller holds the space's lock. */
static inline void space_add_resident(struct space *space, size_t delta)
{
	space->resident += delta;
	if (space->resident > space->stats.peak_resident)
		space->stats.peak_resident = space->resident;
}

/* Of these, `delta` more map pages of the object; it may wrap. The caller holds the space's lock. */
static inline void space_count_of_object(struct space *space, const struct object *object,
					 size_t delta)
{
	if (object->ops->swap_backed)
		space->resident_shmem += delta;
	else
		space->resident_file += delta;
}

/*
 * Some pages have become PAGE_LAZYFREE, or were moved to other entries. Where nothing else can be reclaimed, the hand passes the
 * space once more from its begin, after the turn that may be under way. The caller holds the space's lock, or is a reader.
 */
static inline void space_has_lazyfree(struct space *space)
{
	atomic_store_relaxed(&space->lazyfree, (uint8_t)2);
}

/*
 * Between space_busy() and space_idle() a thread that looks for a VMA in [start, end), a fault for
 * example, and finds none waits (space_await_verb()), so that no thread sees a verb half done, and
 * no stack grows into the range. The caller holds the mmap lock and no spinning lock.
 */
void space_busy(struct space *space, vaddr_t start, vaddr_t end);
void space_idle(struct space *space);

/*
 * space_busy() and space_idle() for callers that hold the space's lock. space_unlock_idle() also releases it and, as
 * it ends a verb, settles the space's credit.
 */
static inline void space_busy_locked(struct space *space, vaddr_t start, vaddr_t end)
{
	assert_hardened(spin_lock_held(&space->lock));
	space->busy_start = start;
	space->busy_end = end;
}

/* space_unlock_idle() where something is left to do at the end of the verb: space->at_idle. */
void space_unlock_at_idle(struct space *space);

static inline void space_unlock_idle(struct space *space)
{
	assert_hardened(spin_lock_held(&space->lock));
	if (unlikely(space->at_idle)) {
		space_unlock_at_idle(space);
		return;
	}
	space->busy_start = 0;
	space->busy_end = 0;
	spin_unlock(&space->lock);
}

/*
 * May a verb under way map something else at va soon, or give what is there its permissions back?
 * `vma` is what is there now, or NULL. Until the verb ends, no answer may say that nothing is
 * mapped at va, or that it has no permissions. The caller holds the space's lock.
 */
static inline bool space_is_unsettled(const struct space *space, const struct vma *vma, vaddr_t va)
{
	if (likely(vma))
		return vma->flags & VMA_MOVING;
	return va >= space->busy_start && va < space->busy_end;
}

/*
 * Fills in the wait for the end of the verb under way, and returns VM_WAIT. The caller holds the
 * space's lock.
 */
enum vm_outcome space_await_verb(struct space *space, struct vm_wait *wait);

/*
 * Fences what is gathered on all harts, and settles the fence debts. The caller holds the space's
 * lock.
 */
void space_fence(struct space *space, struct mmu_flush *flush);
