/* SPDX-License-Identifier: MIT */
/* Waits for many files at once. */
#pragma once

#include "abi/poll.h"
#include "desc/file.h"
#include "sync/waitq.h"

/* How many queues of one file a poll slot may watch. */
#define POLL_QUEUES 3

/* The answer for a file that never makes a caller wait. */
#define POLL_ALWAYS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct poll_waiter {
	struct waiter waiter;
	void *owner; /* of the poller that has enqueued it */
};

/* One descriptor of a call. Private to the caller, except for what struct waiter says. */
struct poll_entry {
	struct abi_pollfd ask;
	struct file *file; /* it stays open meanwhile; NULL: ask.fd is not open or negative */
	struct poll_waiter waiters[POLL_QUEUES];
	uint8_t nwaiters; /* of these, on a queue */
	bool referenced;  /* the entry has a reference to the file: see poll_find() */
	uint16_t always;  /* events that are reported although ask.events does not name them */
	int16_t before;	  /* ask.revents as the program gave it */
};

/* A thread that looks at many files and sleeps until a queue of one of them is woken; or a watch of epoll. */
struct poller {
	struct waitq
		woken; /* innermost of these queues: woken with a file's queue locked; of a thread only */
	struct poll_entry *entry; /* the entry whose file poll_look() is asking */
	/* What waking a file's queue does, as struct waiter's `wake`; poll_waiter.owner is `owner`. */
	void (*wake)(struct waiter *waiter);
	void *owner;
	bool exclusive; /* as struct waiter's */
};

void poller_init(struct poller *poller);

void poller_watch(struct poller *poller, struct waitq *queue);

/*
 * For poll slots: from now on, waking the queue wakes the poller. NULL: the caller is not going to
 * wait. A slot calls this before it looks at the file, so that no change is missed.
 */
static inline void poll_watch(struct poller *poller, struct waitq *queue)
{
	if (poller)
		poller_watch(poller, queue);
}

/* The events that the poller asks for. */
static inline unsigned poller_wants(const struct poller *poller)
{
	return (uint16_t)poller->entry->ask.events | poller->entry->always;
}

/* poll_watch() of a queue that is woken for these events only, if the poller asks for one of them. */
static inline void poll_watch_for(struct poller *poller, struct waitq *queue, unsigned events)
{
	if (poller && (poller_wants(poller) & events))
		poller_watch(poller, queue);
}

/* A poll slot that answers POLL_ALWAYS. Unlike a file without the slot, one with it may be in a set of epoll. */
unsigned poll_always(struct file *file, struct poller *poller);

/* Takes the entry off all queues. Call before the entry or the poller goes away. */
static inline void poll_forget(struct poll_entry *entry)
{
	for (unsigned i = 0; i < entry->nwaiters; i++)
		waitq_cancel(&entry->waiters[i].waiter);
	entry->nwaiters = 0;
}

/*
 * Sets revents of the entry to what can be done with its file, as far as events or `always` names it.
 * Watches the file's queues unless poller is NULL.
 */
static inline void poll_look(struct poller *poller, struct poll_entry *entry)
{
	const struct file_ops *ops;
	unsigned can = POLLNVAL;

	if (likely(entry->file)) {
		if (poller)
			poller->entry = entry;
		ops = entry->file->ops;
		can = ops->poll ? ops->poll(entry->file, poller) : POLL_ALWAYS;
		can &= (uint16_t)entry->ask.events | entry->always;
	} else if (entry->ask.fd < 0) {
		can = 0;
	}
	entry->ask.revents = (int16_t)can;
}
