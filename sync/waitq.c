/* SPDX-License-Identifier: MIT */
/* Enqueueing, cancelling and waking of waiters. */
#include "sync/waitq.h"

#include "arch/irqflags.h"

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

/*
 * At most this many waiters are woken under one hold of the lock. The first hold may be that of an
 * interrupt, which may wake several queues; waking a poller takes up to a thousand instructions.
 */
#define WAKE_FIRST 2u
#define WAKE_PIECE 8u

/*
 * Call with the queue's lock held and the waiter off the queue. The waiter may disappear as soon as
 * its `queue` is NULL, so that is stored last.
 */
static void waiter_wake(struct waiter *waiter)
{
	waiter->wake(waiter);
	atomic_store(&waiter->queue, NULL);
}

/*
 * Takes off the queue the oldest waiter that was enqueued before sequence `seq`. Returns NULL if
 * there is none. The list is ordered by sequence. Call with the queue's lock held.
 */
static struct waiter *pop_before(struct waitq *queue, uint64_t seq)
{
	struct waiter *waiter;

	if (list_empty(&queue->waiters))
		return NULL;
	waiter = list_entry(queue->waiters.next, struct waiter, link);
	if (waiter->seq >= seq)
		return NULL;
	list_del(&waiter->link);
	return waiter;
}

/* Wakes up to WAKE_PIECE of these. Returns how many. */
static unsigned wake_piece(struct waitq *queue, uint64_t seq)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	struct waiter *waiter;
	unsigned n = 0;

	while (n < WAKE_PIECE && (waiter = pop_before(queue, seq)) != NULL) {
		waiter_wake(waiter);
		n++;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return n;
}

/*
 * Wakes one of these, which wakes the rest in waitq_cancel(): its `queue` stays, and its `seq`
 * becomes theirs. Returns how many it woke.
 */
static unsigned wake_successor(struct waitq *queue, uint64_t seq)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	struct waiter *waiter = pop_before(queue, seq);

	if (waiter != NULL) {
		waiter->seq = seq;
		waiter->wake(waiter);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return waiter != NULL;
}

/* Wakes who was enqueued before `seq`, or sees to it that they are woken. Returns how many it woke. */
static __attribute__((noinline, cold)) unsigned wake_rest(struct waitq *queue, uint64_t seq)
{
	unsigned n, woken = 0;

	if (!arch_irq_enabled())
		return wake_successor(queue, seq);
	do {
		n = wake_piece(queue, seq);
		woken += n;
	} while (n == WAKE_PIECE);
	return woken;
}

/* Wakes those who are left to a woken waiter. Only its owner still writes the waiter. */
static __attribute__((noinline, cold)) void pass_on(struct waiter *waiter, struct waitq *queue)
{
	if (waiter->queue == NULL)
		return;
	waiter->queue = NULL;
	wake_rest(queue, waiter->seq);
}

bool waitq_cancel(struct waiter *waiter)
{
	struct waitq *queue = atomic_load(&waiter->queue);
	unsigned long flags;
	bool queued;

	if (queue == NULL)
		return false;
	/* No waiter_wake() is under way while the lock is held. */
	flags = spin_lock_irqsave(&queue->lock);
	queued = !list_empty(&waiter->link);
	if (likely(queued)) {
		list_del(&waiter->link);
		waiter->queue = NULL;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	if (unlikely(!queued))
		pass_on(waiter, queue);
	return queued;
}

/* Counts a change and wakes one waiter or all. Returns how many. */
static unsigned waitq_wake(struct waitq *queue, unsigned first_piece)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	struct list *node;
	unsigned n = 0;

	atomic_store(&queue->seq, queue->seq + 1);
	while (n < first_piece && (node = list_pop(&queue->waiters)) != NULL) {
		waiter_wake(list_entry(node, struct waiter, link));
		n++;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return n == WAKE_FIRST ? n + wake_rest(queue, waitq_sample(queue)) : n;
}

bool waitq_wake_one(struct waitq *queue)
{
	return waitq_wake(queue, 1) == 1;
}

unsigned waitq_wake_all(struct waitq *queue)
{
	return waitq_wake(queue, WAKE_FIRST);
}
