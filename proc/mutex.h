/* SPDX-License-Identifier: MIT */
/* Waiting locks: mutexes that may be held across sleeps and user copies. */
#pragma once

#include "sync/lockorder.h"
#include "sync/waitq.h"

struct thread;

/* Instead of an owner: the mutex is free, but only a thread that has waited for it may take it. */
#define MUTEX_HANDED ((struct thread *)1)

struct mutex {
	struct thread *owner; /* atomic; NULL: free; or MUTEX_HANDED */
	uint32_t waiting;     /* atomic: number of threads that sleep for it or are about to */
	uint8_t class;	      /* const: its place in the lock order (sync/lockorder.h) */
	bool passed_over;     /* atomic: a thread that was woken has found it taken again */
	struct waitq queue;
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
bool mutex_held(const struct mutex *mutex); /* by the running thread */
