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
 * The kernel runs on one hart so far. A holder that is not preempted has no competitor there, so in
 * the release build the preemption count, or interrupts being off, is the whole lock. If
 * SPIN_COUNT_ALONE is 0, the lock word is used as well, as several harts require.
 */
#ifdef FAULTLINE_HARDENED
#define SPIN_COUNT_ALONE 0
#else
#define SPIN_COUNT_ALONE 1
#endif

struct spinlock {
	uint32_t locked;
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

static inline void spin_acquire(struct spinlock *lock)
{
	preempt_barrier();
	if (SPIN_COUNT_ALONE)
		return;
	while (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE) != 0)) {
		while (atomic_load_relaxed(&lock->locked) != 0)
			spin_pause();
	}
}

static inline void spin_release(struct spinlock *lock)
{
	preempt_barrier();
	if (SPIN_COUNT_ALONE)
		return;
	assert_hardened(atomic_load_relaxed(&lock->locked) != 0);
	atomic_store(&lock->locked, 0);
}

/* Takes a lock of any class. Call with interrupts off; they stay off until spin_unlock_irqoff(). */
static inline void spin_lock_irqoff(struct spinlock *lock)
{
	interleave(INTERLEAVE_LOCK, spin_class(lock), NULL);
	lockorder_take(lock, spin_class(lock), false);
	spin_acquire(lock);
}

/* The same for a second lock of a class. The caller has another reason why no ring of them can form. */
static inline void spin_lock_irqoff_nested(struct spinlock *lock)
{
	lockorder_take(lock, spin_class(lock), true);
	spin_acquire(lock);
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

/*
 * Takes the lock if it is free, and returns whether it did. Though it cannot deadlock, it must keep
 * to the order of classes; the checker enforces that.
 */
static inline bool spin_trylock(struct spinlock *lock)
{
	preempt_disable();
	if (!SPIN_COUNT_ALONE && __atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE) != 0) {
		preempt_enable();
		return false;
	}
	lockorder_take(lock, spin_class(lock), true);
	return true;
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

/* The same where interrupts are known to be on. */
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
	return lock->class == LOCK_NONE ? atomic_load_relaxed(&lock->locked) != 0
					: lockorder_holds(lock);
#else
	return atomic_load_relaxed(&lock->locked) != 0;
#endif
}
