/* SPDX-License-Identifier: MIT */
/* Spinning locks, whose holders are never preempted. */
#pragma once

#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/atomic.h"
#include "sync/interleave.h"
#include "sync/irq.h"
#include "sync/lockorder.h"
#include "sync/preempt.h"

/*
 * The holder of a spinning lock is never preempted, so it always makes progress. A lock of a class
 * up to LOCK_LAST_PREEMPTIBLE is taken by spin_lock() with interrupts on, which raises the
 * preemption count; no interrupt handler may take it. The other classes are taken by
 * spin_lock_irqsave(), which needs no count because interrupts are off.
 */

/*
 * One word, taken by an atomic swap: whichever hart swaps first has it. Harts do not queue. If they did, and the host had
 * fewer processors than the machine has harts, all would wait for a hart that the host does not run (docs/CAVEATS.md).
 */
struct spinlock {
	uint32_t taken; /* 0 or 1 */
#ifdef FAULTLINE_HARDENED
	enum lock_class class;
#endif
};

#ifdef FAULTLINE_HARDENED
#define SPINLOCK_INIT(class_)     \
	{                         \
		.class = (class_) \
	}
#else
#define SPINLOCK_INIT(class_) \
	{                     \
		0             \
	}
#endif

static inline void spin_init(struct spinlock *lock, enum lock_class class)
{
	*lock = (struct spinlock)SPINLOCK_INIT(class);
	(void)class;
}

static inline enum lock_class spin_class(const struct spinlock *lock)
{
#ifdef FAULTLINE_HARDENED
	return lock->class;
#else
	(void)lock;
	return LOCK_NONE;
#endif
}

/* In a loop that waits for another hart: the round of that number. */
void spin_round(unsigned round);

/* Waits until the lock is free. */
void spin_wait(void *lock);

static inline void spin_acquire(struct spinlock *lock)
{
	preempt_barrier();
	while (unlikely(arch_swap_acquire(&lock->taken, 1)))
		arch_call_seldom(spin_wait, lock);
}

static inline bool spin_is_taken(const struct spinlock *lock)
{
	return atomic_load_relaxed(&lock->taken);
}

static inline void spin_release(struct spinlock *lock)
{
	preempt_barrier();
	assert_hardened(spin_is_taken(lock));
	arch_clear_release(&lock->taken);
	preempt_barrier();
}

/* Takes a lock of any class. Call with interrupts off; they stay off until spin_unlock_irqoff(). */
static inline void spin_lock_irqoff(struct spinlock *lock)
{
	interleave(INTERLEAVE_LOCK, spin_class(lock), NULL);
	lockorder_take(lock, spin_class(lock), false);
	spin_acquire(lock);
}

/* Takes a second lock of a class. The caller has another reason why no ring of them can form. */
static inline void spin_lock_irqoff_nested(struct spinlock *lock)
{
	lockorder_take(lock, spin_class(lock), true);
	spin_acquire(lock);
}

/* Takes a second lock of a class if it is free, so no ring of waits can form. Returns whether it has. */
static inline bool spin_try_irqoff_nested(struct spinlock *lock)
{
	preempt_barrier();
	if (arch_swap_acquire(&lock->taken, 1))
		return false;
	lockorder_take(lock, spin_class(lock), true);
	return true;
}

static inline void spin_unlock_irqoff(struct spinlock *lock)
{
	enum lock_class class = spin_class(lock);

	lockorder_drop(lock, class);
	spin_release(lock);
	interleave(INTERLEAVE_UNLOCK, class, NULL);
}

/* Takes a lock of a class that leaves interrupts on. */
static inline void spin_lock(struct spinlock *lock)
{
	interleave(INTERLEAVE_LOCK, spin_class(lock), NULL);
	preempt_disable();
	lockorder_take(lock, spin_class(lock), false);
	spin_acquire(lock);
}

/* Takes a second lock of a class: a new child's, not yet visible to others, after its parent's. */
static inline void spin_lock_nested(struct spinlock *lock)
{
	preempt_disable();
	lockorder_take(lock, spin_class(lock), true);
	spin_acquire(lock);
}

/* The release of the outermost lock is a preemption point. */
static inline void spin_unlock(struct spinlock *lock)
{
	enum lock_class class = spin_class(lock);

	lockorder_drop(lock, class);
	spin_release(lock);
	preempt_enable();
	interleave(INTERLEAVE_UNLOCK, class, NULL);
}

/* Takes two different locks of one class, the one at the lower address first. */
static inline void spin_lock_two(struct spinlock *a, struct spinlock *b)
{
	spin_lock(a < b ? a : b);
	spin_lock(a < b ? b : a);
}

/* Turns interrupts off and takes the lock. Returns the state for spin_unlock_irqrestore(). */
static inline unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long flags = irq_save();

	spin_lock_irqoff(lock);
	return flags;
}

/* A preemption point if it turns interrupts on. */
static inline void spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags)
{
	spin_unlock_irqoff(lock);
	irq_restore(flags);
	preempt_point();
}

/* Takes the lock where interrupts are known to be on, and turns them off. */
static inline void spin_lock_irq(struct spinlock *lock)
{
	assert_hardened(arch_irq_enabled());
	irq_disable();
	spin_lock_irqoff(lock);
}

static inline void spin_unlock_irq(struct spinlock *lock)
{
	spin_unlock_irqoff(lock);
	irq_enable();
	preempt_point();
}

/*
 * For assertions of the hardened build: does this hart hold the lock? For a lock of no class the
 * answer is whether any hart holds it.
 */
static inline bool spin_lock_held(const struct spinlock *lock)
{
#ifdef FAULTLINE_HARDENED
	return lock->class == LOCK_NONE ? spin_is_taken(lock) : lockorder_holds(lock);
#else
	return spin_is_taken(lock);
#endif
}
