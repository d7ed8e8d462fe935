/* SPDX-License-Identifier: MIT */
/* Locks that spin. */
#pragma once

#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/atomic.h"
#include "sync/interleave.h"
#include "sync/irq.h"
#include "sync/lockorder.h"
#include "sync/preempt.h"

/*
 * A holder never loses its hart, so that it always goes on. Classes up to LOCK_LAST_PREEMPTIBLE are
 * taken by spin_lock() with interrupts on, which raises the preemption count: no interrupt handler
 * may take them. The others by spin_lock_irqsave(): interrupts being off, nothing is counted.
 */

/*
 * The kernel runs on one hart so far, where a holder that keeps its hart meets nobody: in the
 * release build the count, or interrupts being off, is the whole lock. (0: with the word as well,
 * as several harts need it.)
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

/* Takes a lock of any class. => interrupts off until spin_unlock_irqoff() */
static inline void spin_lock_irqoff(struct spinlock *lock)
{
	interleave(INTERLEAVE_LOCK, spin_class(lock), NULL);
	lockorder_take(lock, spin_class(lock), false);
	spin_acquire(lock);
}

static inline void spin_unlock_irqoff(struct spinlock *lock)
{
	enum lock_class class = spin_class(lock);

	lockorder_drop(lock, class);
	spin_release(lock);
	interleave(INTERLEAVE_UNLOCK, class, NULL);
}

/* Takes a lock whose class leaves interrupts on. */
static inline void spin_lock(struct spinlock *lock)
{
	interleave(INTERLEAVE_LOCK, spin_class(lock), NULL);
	preempt_disable();
	lockorder_take(lock, spin_class(lock), false);
	spin_acquire(lock);
}

/* The same for the second of a class: a child that nobody can see yet, its parent being held. */
static inline void spin_lock_nested(struct spinlock *lock)
{
	preempt_disable();
	lockorder_take(lock, spin_class(lock), true);
	spin_acquire(lock);
}

/* The outermost one is a preemption point. */
static inline void spin_unlock(struct spinlock *lock)
{
	enum lock_class class = spin_class(lock);

	lockorder_drop(lock, class);
	spin_release(lock);
	preempt_enable();
	interleave(INTERLEAVE_UNLOCK, class, NULL);
}

/* Takes it if it is free. (It can't deadlock, but keep to the order all the same.) */
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

/* Takes two locks of one class, the lower address first. => a and b differ */
static inline void spin_lock_two(struct spinlock *a, struct spinlock *b)
{
	spin_lock(a < b ? a : b);
	spin_lock(a < b ? b : a);
}

/* Takes a lock with interrupts off. => what spin_unlock_irqrestore() wants back */
static inline unsigned long spin_lock_irqsave(struct spinlock *lock)
{
	unsigned long flags = irq_save();

	spin_lock_irqoff(lock);
	return flags;
}

/* A preemption point, where interrupts come on. */
static inline void spin_unlock_irqrestore(struct spinlock *lock, unsigned long flags)
{
	spin_unlock_irqoff(lock);
	irq_restore(flags);
	preempt_point();
}

/*
 * For asserts: is it held, in the hardened build by this hart? (In the release build a held lock
 * may be another's.)
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
