/* SPDX-License-Identifier: MIT */
/* Watches: what a set of epoll has for each file. For desc/epoll.c. */
#pragma once

#include "abi/epoll.h"
#include "desc/file.h"
#include "desc/poll.h"
#include "lib/list.h"
#include "lib/tree.h"
#include "mm/check/counted.h"
#include "proc/mutex.h"

/* The bits of a watch's `events` that are no events. */
#define WATCH_FLAGS (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

struct epoll {
	struct mutex scan; /* who holds it may take events off `ready`, and arms watches */
	struct spinlock ready_lock;
	/* under ready_lock: */
	struct list ready;     /* watches of which something has happened, and the mark of a look */
	struct waitq sleepers; /* threads in epoll_wait(); one is woken for each event */
	struct waitq pollable; /* who polls the set, or watches it */
	/* under watches_lock: */
	struct tree watches; /* by file and number */
	unsigned nwatches;
	struct list inner; /* those of sets */
	uint64_t visited;  /* the walk that has set `depth` last */
	unsigned depth;
	/* const: */
	struct file *file; /* the set's own */
};

/*
 * What is still to be woken: the other waiters at a queue of the file, after a watch was woken that must wake them (see
 * struct waiter); and the threads and sets that poll or watch this set.
 */
#define PASSES (POLL_QUEUES + 1)

struct pass {
	struct waitq *queue; /* NULL: none */
	uint64_t seq;
	bool was_taken;
};

/*
 * A file's queue wakes a watch once. The watch is then ready, until a look at the file arms it again.
 * So as long as it is neither ready nor being looked at, it is on the queues of its file.
 */
struct watch {
	/* under watches_lock: */
	struct tree_node node;
	struct list inner;   /* of the set, if the file is a set */
	struct watch *next;  /* of the file */
	struct watch **here; /* what refers to this one there */
	/* under the set's ready_lock: */
	struct list ready; /* empty: not on the list */
	uint32_t events;   /* EPOLL* and POLL*; changed with `scan` held, too */
	/* under the set's `scan`: */
	uint64_t data;
	struct poll_entry entry;
	/*
	 * Atomic: it is on all the queues that it was on when the file was looked at last. Set under `scan`;
	 * cleared when one of them wakes the watch, before that is ready.
	 */
	bool armed;
	/* under passes_lock: */
	struct list passing;
	struct pass passes[PASSES];
	/* const: */
	struct epoll *set;
	struct counted counted;
};

extern struct counted_kind watch_kind;

/* Guards which sets watch which files. Innermost of waiting locks. */
extern struct mutex watches_lock;

/* Allocates a watch that is in no set. Returns 0, -ENOSPC at the limit of files' memory, or -ENOMEM. */
int watch_create(struct epoll *set, int fd, struct file *file, struct watch **watch_ret);
void watch_free(struct watch *watch);

/* Finds a watch of the set, or returns NULL. Call with watches_lock held. */
struct watch *watch_find_locked(const struct epoll *set, int fd, const struct file *file);
/*
 * Makes it one of the set. Returns 0; -EEXIST if the set has one of that number and file; or -ENOSPC if it has `most`. Call with
 * watches_lock held.
 */
int watch_link_locked(struct watch *watch, unsigned most);
/*
 * Takes it out of its set and off all queues. No thread looks at the file: its last reference is gone, or
 * `scan` is held, or the set ends. Call with watches_lock held.
 */
void watch_unlink_locked(struct watch *watch);

/* Changes what is asked for. Call with `scan` held. */
void watch_ask(struct watch *watch, const struct abi_epoll_event *event);
/* watch_look() of a watch that is not armed, out of line. */
unsigned watch_arm(struct watch *watch);
/*
 * Looks at the file, which is referenced, and sees to it that the watch is woken by what happens from
 * now on. Returns the events that are asked for and there. Call with `scan` held.
 */
static inline unsigned watch_look(struct watch *watch)
{
	struct file *file = watch->entry.file;

	if (unlikely(!atomic_load_relaxed(&watch->armed)))
		return watch_arm(watch);
	return file->ops->poll(file, NULL) & (uint16_t)watch->entry.ask.events;
}
/* Something has happened. Call with no lock of a queue held. */
void watch_is_ready(struct watch *watch);

/*
 * Wakes those that waited behind a watch that was woken by an interrupt. Code that looks at a set calls this
 * first, so that the set has every event that has already been seen elsewhere.
 */
void watches_pass_on_all(void);
extern uint64_t watches_npassing; /* atomic */

static inline void watches_pass_on(void)
{
	if (unlikely(atomic_load(&watches_npassing) != 0))
		watches_pass_on_all();
}
