/* SPDX-License-Identifier: MIT */
/* Those that wait for the owner of a lock: by priority, and the first of them lends its own to the owner. */
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
	 * const: the first one lends even if the owner goes before it. Otherwise what the owner is lent for other locks ends
	 * without a look at this queue, but it is seen if the owner asked for less than the first one runs as when that came.
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
/* The thread of one that waits runs with another priority: it gets the place of that, and lends it. */
void lend_queue_move(struct lend_queue *queue, struct lend_waiter *waiter, struct thread *owner);
/* The lock has another owner. Call this while the earlier one is sure to live. */
void lend_queue_set_owner(struct lend_queue *queue, struct thread *owner);
