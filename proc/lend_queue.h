/* SPDX-License-Identifier: MIT */
/* The threads that wait for the owner of a lock: by priority, and the first of them lends its own to the owner. */
#pragma once

#include "lib/tree.h"
#include "proc/loan.h"

/* A thread that waits. It lies on the thread's stack, and is guarded by the lock of its queue. */
struct lend_waiter {
	struct thread *thread; /* const */
	struct tree_node node; /* of queue->waiters */
	/* Its place there: the real-time priority that it ran with when it came to it. */
	unsigned rank;
	struct loan loan; /* if it is its queue's `lender` */
};

/*
 * The queue of one lock. All of it is guarded by a spinning lock of the caller's, outside LOCK_LOAN. While that is held, the owner
 * and those that wait do not disappear.
 */
struct lend_queue {
	/* The highest real-time priority first, and of equals the one that came first. */
	struct tree waiters;
	struct lend_waiter *lender; /* the first of them; NULL: nobody lends */
	/*
	 * const: the first waiter lends even to an owner that asked for as much, for the owner may ask for less later. If false, it
	 * lends only to an owner that asked for less than the waiter runs as when it comes: other loans to the owner may end any time.
	 */
	bool lends_always;
};

static inline void lend_queue_init(struct lend_queue *queue, bool lends_always)
{
	tree_init(&queue->waiters);
	queue->lender = NULL;
	queue->lends_always = lends_always;
}

static inline bool lend_queue_is_empty(const struct lend_queue *queue)
{
	return tree_empty(&queue->waiters);
}

/* The queue is not empty. */
static inline struct lend_waiter *lend_queue_first(const struct lend_queue *queue)
{
	return tree_entry(tree_first(&queue->waiters), struct lend_waiter, node);
}

/* All below: call with the queue's lock held. owner: who has the lock; NULL: nobody, and nobody lends. */

void lend_queue_join(struct lend_queue *queue, struct lend_waiter *waiter, struct thread *owner);
void lend_queue_leave(struct lend_queue *queue, struct lend_waiter *waiter, struct thread *owner);
/* The waiter's thread runs with another priority now: it gets the place that goes with it, and lends it. */
void lend_queue_move(struct lend_queue *queue, struct lend_waiter *waiter, struct thread *owner);
/* The lock has another owner. Call this while the earlier one is sure to live. */
void lend_queue_set_owner(struct lend_queue *queue, struct thread *owner);
