/* SPDX-License-Identifier: MIT */
/* Wait queues: who waits is told once that something has changed, and no change is missed. */
#pragma once

#include "lib/list.h"
#include "sync/spinlock.h"

/*
 * Every wake-up counts the queue's sequence up, sleepers or not. Who finds that it must wait
 * samples the sequence while it still holds the lock under which it looked; when it enqueues later,
 * a sequence that has moved means that what it saw may be over. Wakers change things first and wake
 * after that.
 *
 * A queue must outlive its waiters and those who hold a sample: where the thing waited for may
 * vanish, use a queue that does not (one of the subsystem's).
 */
struct waitq {
	struct spinlock lock;
	/* under lock; seq may be sampled without it */
	uint64_t seq;
	struct list waiters;
};

/* One wait. Lives with the waiter, often on its stack. */
struct waiter {
	/* under the queue's lock */
	struct list link;
	uint64_t seq;	     /* the queue's when it was enqueued */
	struct waitq *queue; /* NULL: on none; not set to NULL before wake() has returned */
	/* private to the waiter, set before it enqueues */
	/*
	 * Called once, when the queue is woken, the waiter being off the queue already.
	 * => the queue's lock held, interrupts off: may take only locks inside LOCK_WAITQ
	 */
	void (*wake)(struct waiter *waiter);
};

#define WAITQ_INIT(name)                                                                \
	{                                                                               \
		.lock = SPINLOCK_INIT(LOCK_WAITQ), .waiters = LIST_INIT((name).waiters) \
	}

void waitq_init(struct waitq *queue);
void waiter_init(struct waiter *waiter, void (*wake)(struct waiter *waiter));

/* The sequence now. */
static inline uint64_t waitq_sample(const struct waitq *queue)
{
	return atomic_load(&queue->seq);
}

/*
 * Enqueues at the end.
 * => false: the sequence is no longer seq; it is not enqueued, look again
 * => true: wake() will be called, and waitq_cancel() must be before the waiter goes away, in any
 *    case
 */
bool waitq_enqueue(struct waitq *queue, struct waiter *waiter, uint64_t seq);

/*
 * Ends a wait: afterwards nobody knows the waiter any more, a wake() of it is over.
 * => true: it was still queued: nobody woke it. (Who was woken by waitq_wake_one() and gives up
 *    must wake the next.)
 */
bool waitq_cancel(struct waiter *waiter);

/* Wakes the one that has waited longest. => was there one? */
bool waitq_wake_one(struct waitq *queue);

/*
 * Wakes all that wait now, a few for each time that the lock is held. The queue lives until this has
 * come back, whoever is woken. => how many
 */
unsigned waitq_wake_all(struct waitq *queue);
