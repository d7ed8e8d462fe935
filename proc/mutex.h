/* SPDX-License-Identifier: MIT */
/* Waiting locks: mutexes that may be held across sleeps and user copies. */
#pragma once

#include "proc/lend_queue.h"
#include "sync/lockorder.h"
#include "sync/spinlock.h"

/* In a mutex's word: threads wait for it. Then the word changes only with the lock of its queue held. */
#define MUTEX_WAITED 1ul

struct mutex {
	uint64_t word;	      /* atomic: the owner's struct thread, or 0: free; and MUTEX_WAITED */
	struct spinlock lock; /* guards what follows */
	bool passed_over;     /* a thread that was woken has found it taken again */
	uint8_t class;	      /* const: its place in the lock order (sync/lockorder.h) */
	struct lend_queue
		queue; /* of struct mutex_waiter; empty if and only if MUTEX_WAITED is not set */
};

/* The most often that a thread looks whether an owner on another hart has released the lock, before it sleeps. */
#define MUTEX_SPIN_ROUNDS 1000
extern unsigned mutex_spin_rounds; /* changed by tests only */

void mutex_init(struct mutex *mutex, enum lock_class class);

/*
 * Takes the lock. Returns 0, or -EINTR if the thread was killed while it waited; then the lock is
 * not held. For locks whose holder may wait for something outside the kernel: a page from a disk or
 * a server. Call with no spinning lock held.
 */
int mutex_lock_killable(struct mutex *mutex) __attribute__((warn_unused_result));
/* Takes the lock; a kill does not end the wait. For locks whose holders release them soon. */
void mutex_lock(struct mutex *mutex);
/*
 * Take a second lock of the same class: of an object that is not yet visible to others, or where there
 * is another reason why no ring of them can form.
 */
void mutex_lock_nested(struct mutex *mutex);
int mutex_lock_killable_nested(struct mutex *mutex) __attribute__((warn_unused_result));
void mutex_unlock(struct mutex *mutex);

/* Who has the lock; NULL: nobody. It may change at any time, unless it is the running thread. */
static inline struct thread *mutex_owner(const struct mutex *mutex)
{
	return (struct thread *)(atomic_load_relaxed(&mutex->word) & ~MUTEX_WAITED);
}

bool mutex_held(const struct mutex *mutex); /* by the running thread */
