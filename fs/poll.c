/* SPDX-License-Identifier: MIT */
/* A polling thread has a waiter on a queue of each file, and sleeps on a queue of its own. */
#include "fs/poll.h"

#include "fs/file.h"

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

void poll_watch(struct poller *poller, struct waitq *queue)
{
	struct poll_entry *entry;
	struct poll_waiter *waiter;

	if (!poller)
		return;
	entry = poller->entry;
	assert(entry->nwaiters < POLL_QUEUES);
	waiter = &entry->waiters[entry->nwaiters++];
	waiter_init(&waiter->waiter, poller->wake);
	waiter->waiter.exclusive = poller->exclusive;
	waiter->owner = poller->owner;
	while (!waitq_enqueue(queue, &waiter->waiter, waitq_sample(queue)))
		;
}

void poll_watch_for(struct poller *poller, struct waitq *queue, unsigned events)
{
	if (poller && ((uint16_t)poller->entry->ask.events | poller->entry->always) & events)
		poll_watch(poller, queue);
}

void poll_look(struct poller *poller, struct poll_entry *entry)
{
	const struct file_ops *ops;
	unsigned can = POLLNVAL;

	entry->ask.revents = 0;
	if (entry->ask.fd < 0)
		return;
	if (entry->file) {
		if (poller)
			poller->entry = entry;
		ops = entry->file->ops;
		can = ops->poll ? ops->poll(entry->file, poller) : POLL_ALWAYS;
		can &= (uint16_t)entry->ask.events | entry->always;
	}
	entry->ask.revents = (int16_t)can;
}

void poll_forget(struct poll_entry *entry)
{
	while (entry->nwaiters != 0)
		waitq_cancel(&entry->waiters[--entry->nwaiters].waiter);
}
