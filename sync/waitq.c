/* Enqueueing, cancelling and waking. */
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
	/* While the lock is held no wake() is under way. */
	flags = spin_lock_irqsave(&queue->lock);
	queued = !list_empty(&waiter->link);
	list_del(&waiter->link);
	waiter->queue = NULL;
	spin_unlock_irqrestore(&queue->lock, flags);
	return queued;
}

/* Wakes up to max. queue == NULL is stored last: a waiter that sees it may go away at once. */
static unsigned waitq_wake(struct waitq *queue, unsigned max)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	struct list *node;
	unsigned n = 0;

	atomic_store(&queue->seq, queue->seq + 1);
	while (n < max && (node = list_pop(&queue->waiters)) != NULL) {
		struct waiter *waiter = list_entry(node, struct waiter, link);

		waiter->wake(waiter);
		atomic_store(&waiter->queue, NULL);
		n++;
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return n;
}

bool waitq_wake_one(struct waitq *queue)
{
	return waitq_wake(queue, 1) == 1;
}

unsigned waitq_wake_all(struct waitq *queue)
{
	return waitq_wake(queue, UINT32_MAX);
}
