/* SPDX-License-Identifier: MIT */
/* Waiting for many files at once. */
#pragma once

#include "abi/poll.h"
#include "sync/waitq.h"

struct file;

/* One file may have so many queues that are woken when what can be done with it changes. */
#define POLL_QUEUES 3

/* What can be done with a file that never makes anybody wait. */
#define POLL_ALWAYS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct poll_waiter {
	struct waiter waiter;
	struct poller *poller;
};

/* One descriptor of a call. Private to the caller, but for what waiter says. */
struct poll_entry {
	struct abi_pollfd ask;
	struct file *file; /* referenced; NULL: ask.fd is not open, or negative */
	struct poll_waiter waiters[POLL_QUEUES];
	unsigned nwaiters; /* of these, in use */
};

/* Somebody who looks at many files, and sleeps until one of their queues is woken. */
struct poller {
	struct waitq woken;	  /* inside all others, which wake it */
	struct poll_entry *entry; /* whose file is asked now */
};

void poller_init(struct poller *poller);

/*
 * For the poll slot of a kind of files: the poller (NULL: nobody is going to wait) is woken when
 * the queue is, from now on. To be called before the file is looked at, so that no change is
 * missed.
 */
void poll_watch(struct poller *poller, struct waitq *queue);

/* What can be done with the file of the entry, as far as it was asked: revents. Watches its queues. */
void poll_look(struct poller *poller, struct poll_entry *entry);

/* Watches no queue any more. => before the entry or the poller goes away */
void poll_forget(struct poll_entry *entry);
