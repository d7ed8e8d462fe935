/* SPDX-License-Identifier: MIT */
/* Enqueueing, cancelling and waking of waiters. */
#include "sync/waitq.h"

void waitq_init(struct waitq *queue)
{
	spin_init(&queue->lock, LOCK_WAITQ);
	queue->seq = 0;
	list_init(&queue->waiters);
}

void waiter_init(struct waiter *waiter, void (*wake)(struct waiter *waiter))
{
	list_init(&waiter->link);
	waiter->queue = NULL;
	waiter->wake = wake;
}

bool waitq_enqueue(struct waitq *queue, struct waiter *waiter, uint64_t seq)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	bool current = queue->seq == seq;

	if (current) {
		assert(waiter->queue == NULL);
		list_add_tail(&queue->waiters, &waiter->link);
		waiter->seq = seq;
		waiter->queue = queue;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return current;
}

bool waitq_cancel(struct waiter *waiter)
{
	struct waitq *queue = atomic_load(&waiter->queue);
	unsigned long flags;
	bool queued;

	if (queue == NULL)
		return false;
	/* No wake() is under way while the lock is held. */
	flags = spin_lock_irqsave(&queue->lock);
	queued = !list_empty(&waiter->link);
	list_del(&waiter->link);
	waiter->queue = NULL;
	spin_unlock_irqrestore(&queue->lock, flags);
	return queued;
}

/* At most this many waiters are woken under one hold of the lock. */
#define WAKE_PIECE 8u

/*
 * Call with the queue's lock held and the waiter off the queue. The waiter may disappear as soon as
 * its `queue` is NULL, so that is stored last.
 */
static void wake(struct waiter *waiter)
{
	waiter->wake(waiter);
	atomic_store(&waiter->queue, NULL);
}

/*
 * Wakes up to WAKE_PIECE waiters that were enqueued before sequence `seq`. The list is ordered by
 * sequence. Returns how many it woke.
 */
static unsigned wake_piece(struct waitq *queue, uint64_t seq)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	unsigned n = 0;

	while (n < WAKE_PIECE && !list_empty(&queue->waiters)) {
		struct waiter *waiter = list_entry(queue->waiters.next, struct waiter, link);

		if (waiter->seq >= seq)
			break;
		list_del(&waiter->link);
		wake(waiter);
		n++;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return n;
}

/* Wakes what the first piece left of all waiters. Returns how many. */
static __attribute__((noinline, cold)) unsigned wake_rest(struct waitq *queue)
{
	uint64_t seq = waitq_sample(queue);
	unsigned n, woken = 0;

	do {
		n = wake_piece(queue, seq);
		woken += n;
	} while (n == WAKE_PIECE);
	return woken;
}

/* Counts a change and wakes one waiter or all. Returns how many. */
static unsigned waitq_wake(struct waitq *queue, unsigned first_piece)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	struct list *node;
	unsigned n = 0;

	atomic_store(&queue->seq, queue->seq + 1);
	while (n < first_piece && (node = list_pop(&queue->waiters)) != NULL) {
		wake(list_entry(node, struct waiter, link));
		n++;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return n == WAKE_PIECE ? n + wake_rest(queue) : n;
}

bool waitq_wake_one(struct waitq *queue)
{
	return waitq_wake(queue, 1) == 1;
}

unsigned waitq_wake_all(struct waitq *queue)
{
	return waitq_wake(queue, WAKE_PIECE);
}
