/* SPDX-License-Identifier: MIT */
/* A polling thread has a waiter on a queue of each file, and sleeps on a queue of its own. */
#include "desc/poll.h"

/* Called with the lock of the file's queue held. */
static void wake_poller(struct waiter *waiter)
{
	struct poller *poller = container_of(waiter, struct poll_waiter, waiter)->owner;

	waitq_wake_all(&poller->woken);
}

void poller_init(struct poller *poller)
{
	waitq_init(&poller->woken);
	spin_init(&poller->woken.lock, LOCK_POLL);
	poller->entry = NULL;
	poller->wake = wake_poller;
	poller->owner = poller;
	poller->exclusive = false;
}

void poller_watch(struct poller *poller, struct waitq *queue)
{
	struct poll_entry *entry = poller->entry;
	struct poll_waiter *waiter;

	assert(entry->nwaiters < POLL_QUEUES);
	waiter = &entry->waiters[entry->nwaiters++];
	waiter_init(&waiter->waiter, poller->wake);
	waiter->waiter.exclusive = poller->exclusive;
	waiter->owner = poller->owner;
	waitq_enqueue_now(queue, &waiter->waiter);
}

unsigned poll_always(struct file *file, struct poller *poller)
{
	(void)file, (void)poller;
	return POLL_ALWAYS;
}
