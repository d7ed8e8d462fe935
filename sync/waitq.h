/* SPDX-License-Identifier: MIT */
/* Wait queues: a thread that waits for a change is woken once, and misses no change. */
#pragma once

#include "lib/list.h"
#include "sync/spinlock.h"

/*
 * Every wake-up increments the queue's sequence, whether or not anything waits. A thread that finds
 * that it must wait samples the sequence while it still holds the lock under which it looked. If
 * the sequence has moved when the thread enqueues itself later, what it saw may no longer be so,
 * and it looks again. A waker makes its change first and calls the wake function after that.
 *
 * A queue must outlive its waiters and every thread that holds a sample. If the object waited for
 * may disappear, use a queue that does not, such as one of the subsystem's.
 */
struct waitq {
	struct spinlock lock;
	/* guarded by lock; seq may be sampled without it: */
	uint64_t seq;
	struct list waiters;
};

/* One wait. It belongs to the waiter and is often on its stack. */
struct waiter {
	/* guarded by the queue's lock: */
	struct list link;
	uint64_t seq; /* the queue's sequence when this was enqueued */
	/*
	 * NULL: on none; becomes NULL only after wake() has returned. It stays in a waiter that is
	 * woken and is to wake the others that were enqueued before `seq`.
	 */
	struct waitq *queue;
	/* const while it is enqueued: */
	/*
	 * Called once, when the queue is woken, after the waiter has left the queue. Called with
	 * the queue's lock held and interrupts off, so it may take only locks inside LOCK_WAITQ.
	 */
	void (*wake)(struct waiter *waiter);
	bool exclusive; /* of the exclusive waiters of a queue, a wake-up is over with the first that `took` it */
	/* guarded by the queue's lock, under which wake() is called: */
	bool took; /* set by wake(): an exclusive waiter has use for the wake-up */
	/*
	 * It is to wake the others that were enqueued before `seq`, by waitq_cancel(). A wake() that
	 * sees to that in another way, by waitq_wake_rest(), sets this to false.
	 */
	bool successor;
	bool was_taken; /* of a successor: an exclusive waiter has already taken that wake-up */
};

#define WAITQ_INIT(name)                                                                \
	{                                                                               \
		.lock = SPINLOCK_INIT(LOCK_WAITQ), .waiters = LIST_INIT((name).waiters) \
	}

static inline void waitq_init(struct waitq *queue)
{
	spin_init(&queue->lock, LOCK_WAITQ);
	queue->seq = 0;
	list_init(&queue->waiters);
}

static inline void waiter_init(struct waiter *waiter, void (*wake)(struct waiter *waiter))
{
	list_init(&waiter->link);
	waiter->queue = NULL;
	waiter->wake = wake;
	waiter->exclusive = false;
	waiter->successor = false;
}

/* Returns the current sequence. */
static inline uint64_t waitq_sample(const struct waitq *queue)
{
	return atomic_load(&queue->seq);
}

/*
 * Is any waiter in the queue? The answer may be old at once: for callers that know why a waiter which comes
 * later, with the sequence as it is, needs no wake-up.
 */
static inline bool waitq_is_waited_for(const struct waitq *queue)
{
	return atomic_load(&queue->waiters.next) != &queue->waiters;
}

/*
 * Adds the waiter at the end of the queue, provided that the queue's sequence is still seq. Returns
 * true if it did: wake() may be called from then on, and waitq_cancel() must be called in any case
 * before the waiter disappears. Returns false if the sequence has moved: look again.
 */
bool waitq_enqueue(struct waitq *queue, struct waiter *waiter, uint64_t seq);
/* Adds the waiter whatever the sequence is: for those who look only after this. */
void waitq_enqueue_now(struct waitq *queue, struct waiter *waiter);

/* Out of line: the waiter was on that queue a moment ago. */
bool waitq_cancel_at(struct waiter *waiter, struct waitq *queue);

/*
 * Ends a wait. Afterwards nothing refers to the waiter, and a wake() of it that was under way is
 * over. If waitq_wake_all() has left others to this waiter, they are woken now, so a woken thread
 * calls this before it waits for anything else. Returns true if it was still queued and so was not
 * woken. A waiter that was woken by waitq_wake_one() but gives up must wake the next one.
 */
static inline bool waitq_cancel(struct waiter *waiter)
{
	struct waitq *queue = atomic_load(&waiter->queue);

	return queue && waitq_cancel_at(waiter, queue);
}

/* Counts a change, and wakes one waiter or all. Returns how many. Out of line: for the next two functions. */
unsigned waitq_wake(struct waitq *queue, bool all);

/* Wakes the waiter that has waited longest. Returns false if there was none. */
static inline bool waitq_wake_one(struct waitq *queue)
{
	return waitq_wake(queue, false) != 0;
}

/*
 * Wakes all that wait now, a few under each hold of the lock. Returns how many. The queue must live
 * until this function returns, even if a woken thread could free it. With interrupts off it wakes
 * two at most, with preemption off 18; the last of them wakes the rest when it ends its wait.
 */
static inline unsigned waitq_wake_all(struct waitq *queue)
{
	return waitq_wake(queue, true);
}

/*
 * Wakes the oldest waiter, and leaves the others that wait now to it: for callers that wake many queues
 * at a time. Call with interrupts off.
 */
void waitq_wake_relay(struct waitq *queue);

/*
 * Counts a change and wakes nobody. Returns whether anybody waits: then waitq_wake_rest() is to wake who
 * was enqueued before *seq_ret. For wake(), with the lock of its own queue held; the caller knows that
 * such queues form no ring. Call with interrupts off.
 */
bool waitq_wake_later(struct waitq *queue, uint64_t *seq_ret);

/* Wakes those that were left to a successor, as its fields say. Call with interrupts on, and no spinning lock held. */
void waitq_wake_rest(struct waitq *queue, uint64_t seq, bool was_taken);
