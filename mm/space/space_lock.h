/* SPDX-License-Identifier: MIT */
/* The lock of a space, and the faults that do without it, one beside another. */
#pragma once

#include "arch/hart.h"
#include "base/hart.h"
#include "mm/space/space.h"
#include "sync/atomic.h"
#include "sync/lockorder.h"

/*
 * Code that changes a space, or reads what several faults change at once, takes its lock by
 * space_lock(). A fault that only adds what is missing (mm/fault/fault.c, mm/fault/install.c) may run beside others
 * like it. If the space is open, such a fault is a reader: it has a struct space_reader of its hart, and
 * takes no lock. It stores that it is inside, makes a full fence, and then looks whether the space is
 * still open. space_lock() closes a space that is open, makes a full fence, and waits until no hart
 * is inside. So one of the two sees the other (docs/memory-order.md; tests/models/space_lock.pml is
 * all of it). The space stays closed until a fault that has taken the lock finds that it could have
 * been a reader: verbs that follow one another wait for readers once.
 *
 * Only spaces that threads may share on several harts have readers. All others pay a look at `at_lock`
 * when they are locked, and one at `readers` in each fault.
 *
 * A table that is missing is linked with the lock held and the space open: readers find it or do not
 * (mm/fault/fault.c:link_tables()).
 *
 * A reader has preemption off, takes no lock, and is inside for a few hundred instructions.
 *
 * fork takes the right to write from all of the parent's private memory, in pieces, and owes one fence
 * for all of them (mm/verbs/fork_space.c). No other code may see a space that owes a fence: space_lock()
 * makes the fence first.
 */
#define SPACE_READER_LINE 64 /* bytes of a cache line: harts that fault write to no common one */

struct space_reader {
	uint32_t inside; /* atomic: 1 while a fault of the hart is a reader */
	/*
	 * Counts that are not yet added to `vma` and to the space. The hart's reader changes them; while
	 * the space is closed, the holder of its lock does.
	 */
	uint32_t zero_maps;
	uint32_t ahead;	 /* frames that runs have added (mm/fault/run.h) */
	struct vma *vma; /* of this hart's last fault; NULL while the space is closed */
	struct vma_faults faults;
} __attribute__((aligned(SPACE_READER_LINE)));

_Static_assert(sizeof(struct space_reader) == SPACE_READER_LINE, "each hart has its own line");

/* The lock of the struct space has been taken: keeps readers out, and counts what they have, or pays what fork owes. */
void space_settle_lock(void *space);

static inline void space_lock(struct space *space)
{
	spin_lock(&space->lock);
	if (unlikely(atomic_load_relaxed(&space->at_lock)))
		arch_call_seldom(space_settle_lock, space);
}

/* space_lock() for fork itself: does not pay the fence that fork owes. */
static inline void space_lock_to_fork(struct space *space)
{
	spin_lock(&space->lock);
	if (unlikely(atomic_load_relaxed(&space->at_lock) == SPACE_OPEN))
		arch_call_seldom(space_settle_lock, space);
}

/*
 * Takes the lock of a space that is open, and leaves the space open: for changes that readers may meet. Code that closes
 * the space needs the lock, so it waits. Returns this hart's reader, or NULL, without the lock, if the space is not open.
 */
struct space_reader *space_lock_open(struct space *space);

/* fork owes a fence for what it has changed in this hold of the lock. */
void space_owe(struct space *space);

/* Locks a new child, not yet visible to others, after its parent. It has no readers. */
static inline void space_lock_child(struct space *child)
{
	spin_lock_nested(&child->lock);
	assert_hardened(!child->readers);
}

static inline void space_unlock(struct space *space)
{
	spin_unlock(&space->lock);
}

/*
 * From now on, faults of the space may be readers. If there is no memory for that, they are not. Call
 * before a second thread comes to run in it, with no spinning lock held.
 */
void space_share(struct space *space);

/* Frees what space_share() has allocated. The space is no longer used. */
void space_unshare(struct space *space);

/*
 * Lets faults be readers. The caller holds the lock, and changes nothing more before it drops the lock. The space is not
 * unusual: as it has to be closed to become that, readers need not look.
 */
static inline void space_open(struct space *space)
{
	assert_hardened(space->readers && !space->unusual && spin_lock_held(&space->lock));
	atomic_store(&space->at_lock, SPACE_OPEN);
}

/*
 * Makes this hart a reader, until space_leave(). Returns NULL if the space is closed: then the lock must be
 * taken. To the checker of lock orders, a reader holds the lock. Call after a look that the space has readers.
 */
static inline struct space_reader *space_enter(struct space *space)
{
	struct space_reader *self;

	if (atomic_load_relaxed(&space->at_lock) != SPACE_OPEN)
		return NULL;
	interleave(INTERLEAVE_LOCK, LOCK_SPACE, NULL);
	preempt_disable();
	self = &space->readers[hart_this()->index];
	atomic_store_relaxed(&self->inside, 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* Acquire: what was done under the lock before the space was opened has been done. */
	if (unlikely(atomic_load(&space->at_lock) != SPACE_OPEN)) {
		atomic_store(&self->inside, 0);
		preempt_enable();
		return NULL;
	}
	lockorder_take(&space->lock, spin_class(&space->lock), false);
	return self;
}

/* Code that sees that the reader has left also sees what it has done. */
static inline void space_leave(struct space *space, struct space_reader *self)
{
	lockorder_drop(&space->lock, spin_class(&space->lock));
	atomic_store(&self->inside, 0);
	preempt_enable();
	interleave(INTERLEAVE_UNLOCK, LOCK_SPACE, NULL);
}

/* A reader's fault is in this VMA, and that of its last one in another: counts what it has counted. */
void space_reader_turn(struct space *space, struct space_reader *self, struct vma *vma);

/*
 * Resident pages, those included that readers have not counted yet. It is exact under the lock only, where
 * space->resident is all.
 */
size_t space_resident(const struct space *space);

/* Has what readers have counted in space->stats and space->resident. Call without the lock. */
static inline void space_count(struct space *space)
{
	if (likely(atomic_load_relaxed(&space->at_lock) != SPACE_OPEN))
		return;
	space_lock(space);
	space_unlock(space);
}
