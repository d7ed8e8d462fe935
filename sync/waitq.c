/* SPDX-License-Identifier: MIT */
/* Enqueueing, cancelling and waking of waiters. */
#include "sync/waitq.h"

#include "arch/irqflags.h"

/* Call with the queue's lock held. */
static inline void enqueue_locked(struct waitq *queue, struct waiter *waiter)
{
	assert_hardened(spin_lock_held(&queue->lock));
	assert(waiter->queue == NULL);
	list_add_tail(&queue->waiters, &waiter->link);
	waiter->seq = queue->seq;
	waiter->queue = queue;
}

bool waitq_enqueue(struct waitq *queue, struct waiter *waiter, uint64_t seq)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);
	bool current = queue->seq == seq;

	if (current)
		enqueue_locked(queue, waiter);
	spin_unlock_irqrestore(&queue->lock, flags);
	return current;
}

void waitq_enqueue_now(struct waitq *queue, struct waiter *waiter)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);

	enqueue_locked(queue, waiter);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/*
 * At most this many waiters are looked at under one hold of the lock. Waking a watch of epoll takes up to
 * two thousand instructions. The first hold may be that of an interrupt, which may wake several queues, so
 * it wakes one waiter only.
 */
#define WAKE_PIECE	 4u
/* With preemption off, as while a spinning lock is held, so many pieces are woken, and the first waiter. */
#define WAKE_PIECES_HELD 4u

/* One wake-up of a queue, which may take several holds of its lock. */
struct wake {
	struct waitq *queue;
	uint64_t seq; /* for those that were enqueued before that */
	bool was_taken;
};

/*
 * Wakes a waiter that is off the queue. It may disappear as soon as its `queue` is NULL, so that is
 * stored last. An exclusive waiter for which nothing is left goes back to the end of the queue. Call
 * with the queue's lock held. Returns whether it was woken.
 */
static bool waiter_wake(struct wake *wake, struct waiter *waiter)
{
	if (unlikely(waiter->exclusive && wake->was_taken)) {
		waiter->seq = wake->queue->seq;
		list_add_tail(&wake->queue->waiters, &waiter->link);
		return false;
	}
	waiter->took = false;
	waiter->wake(waiter);
	wake->was_taken |= waiter->took;
	atomic_store(&waiter->queue, NULL);
	return true;
}

/*
 * Takes off the queue the oldest waiter that was enqueued before the wake-up. Returns NULL if there
 * is none. The list is ordered by sequence. Call with the queue's lock held.
 */
static struct waiter *waitq_pop(const struct wake *wake)
{
	struct waitq *queue = wake->queue;
	struct waiter *waiter;

	if (list_empty(&queue->waiters))
		return NULL;
	waiter = list_entry(queue->waiters.next, struct waiter, link);
	if (waiter->seq >= wake->seq)
		return NULL;
	list_del(&waiter->link);
	return waiter;
}

/* Looks at up to n of these. Returns whether that were all. Call with the queue's lock held. */
static bool wake_some_locked(struct wake *wake, unsigned n, unsigned *woken)
{
	struct waiter *waiter;

	assert_hardened(spin_lock_held(&wake->queue->lock));
	for (; n > 0; n--) {
		waiter = waitq_pop(wake);
		if (waiter == NULL)
			return true;
		*woken += waiter_wake(wake, waiter);
	}
	return false;
}

/*
 * Wakes one of these, which wakes the rest in waitq_cancel(): its `queue` stays, and its `seq`
 * becomes theirs. Call with the queue's lock held. Returns how many it woke.
 */
static unsigned wake_successor_locked(struct wake *wake)
{
	struct waiter *waiter = waitq_pop(wake);

	assert_hardened(spin_lock_held(&wake->queue->lock));
	if (waiter == NULL)
		return 0;
	waiter->successor = true;
	waiter->was_taken = wake->was_taken;
	waiter->seq = wake->seq;
	waiter->took = false;
	waiter->wake(waiter);
	/* While `queue` is set, waitq_cancel() takes the lock that is held here, so the waiter cannot go away. */
	if (!waiter->successor)
		atomic_store(&waiter->queue, NULL);
	return 1;
}

/* Wakes the rest, or sees to it that they are woken. Returns how many it woke. */
static __attribute__((noinline, cold)) unsigned wake_rest(struct wake *wake)
{
	struct waitq *queue = wake->queue;
	bool held = arch_preempt()->count != 0, all = false;
	unsigned left = arch_irq_enabled() ? WAKE_PIECES_HELD : 0;
	unsigned woken = 0;

	while (!all) {
		unsigned long flags = spin_lock_irqsave(&queue->lock);

		all = left == 0;
		if (all)
			woken += wake_successor_locked(wake);
		else
			all = wake_some_locked(wake, WAKE_PIECE, &woken);
		spin_unlock_irqrestore(&queue->lock, flags);
		left -= held;
	}
	return woken;
}

void waitq_wake_rest(struct waitq *queue, uint64_t seq, bool was_taken)
{
	struct wake wake = { .queue = queue, .seq = seq, .was_taken = was_taken };

	wake_rest(&wake);
}

/* Wakes those who are left to a woken waiter. Only its owner still writes the waiter. */
static __attribute__((noinline, cold)) void pass_on(struct waiter *waiter, struct waitq *queue)
{
	if (waiter->queue == NULL)
		return;
	waiter->queue = NULL;
	waiter->successor = false;
	waitq_wake_rest(queue, waiter->seq, waiter->was_taken);
}

bool waitq_cancel_at(struct waiter *waiter, struct waitq *queue)
{
	unsigned long flags;
	bool queued;

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

/* Wakes all but the first. Call with the lock held, which it drops. Returns how many it woke. */
static __attribute__((noinline, cold)) unsigned wake_on(struct waitq *queue, unsigned long flags,
							bool was_taken)
{
	struct wake wake = { .queue = queue, .seq = queue->seq, .was_taken = was_taken };

	spin_unlock_irqrestore(&queue->lock, flags);
	return wake_rest(&wake);
}

/* Wakes one waiter or all; there is one. Call with the lock held, which it drops. Returns how many. */
static __attribute__((noinline)) unsigned wake_first(struct waitq *queue, bool all,
						     unsigned long flags)
{
	struct waiter *waiter = list_entry(queue->waiters.next, struct waiter, link);
	bool was_taken;

	list_del(&waiter->link);
	waiter->took = false;
	waiter->wake(waiter);
	was_taken = waiter->took;
	atomic_store(&waiter->queue, NULL);
	if (unlikely(all && !list_empty(&queue->waiters)))
		return 1 + wake_on(queue, flags, was_taken);
	spin_unlock_irqrestore(&queue->lock, flags);
	return 1;
}

unsigned waitq_wake(struct waitq *queue, bool all)
{
	unsigned long flags = spin_lock_irqsave(&queue->lock);

	atomic_store(&queue->seq, queue->seq + 1);
	if (!list_empty(&queue->waiters))
		return wake_first(queue, all, flags);
	spin_unlock_irqrestore(&queue->lock, flags);
	return 0;
}

void waitq_wake_relay(struct waitq *queue)
{
	struct wake wake = { .queue = queue };
	unsigned woken = 0;

	spin_lock_irqoff(&queue->lock);
	wake.seq = queue->seq + 1;
	atomic_store(&queue->seq, wake.seq);
	if (!list_empty(&queue->waiters) && queue->waiters.next->next == &queue->waiters)
		(void)wake_some_locked(&wake, 1, &woken);
	else
		(void)wake_successor_locked(&wake);
	spin_unlock_irqoff(&queue->lock);
}

bool waitq_wake_later(struct waitq *queue, uint64_t *seq_ret)
{
	bool any;

	spin_lock_irqoff_nested(&queue->lock);
	*seq_ret = queue->seq + 1;
	atomic_store(&queue->seq, *seq_ret);
	any = !list_empty(&queue->waiters);
	spin_unlock_irqoff(&queue->lock);
	return any;
}
