/* SPDX-License-Identifier: MIT */
/* What a pidfd refers to: the id of a process or thread, and the queue of those who wait for its end. */
#pragma once

#include "lib/bits.h"
#include "lib/refcount.h"
#include "mm/check/counted.h"
#include "proc/pid.h"
#include "sync/waitq.h"
#include "linux/process/thread_id.h"

/*
 * A process has one at most, which the pidfds of its leader use too, and so has each other thread. It is
 * there as long as there are pidfds: each open file has a reference, and the process or thread refers to
 * it until the process cannot be found any more. So a pidfd keeps nothing else of a process, and it names
 * no later one of that pid.
 */
struct end_watch {
	struct refcount
		refs;	     /* the last one goes, and new ones come, with process_tree_lock held */
	struct thread_id id; /* set by end_watch_attach(), const from then on */
	struct waitq queue;  /* woken when the answer of end_watch_look() may have changed */
	struct counted counted;
};

extern struct counted_kind end_watch_kind;

/* Creates one with a reference, of no process yet. Returns NULL if memory runs out. */
struct end_watch *end_watch_create(void);
/* Drops a reference. Call with no spinning lock held. */
void end_watch_put(struct end_watch *watch);

/*
 * Makes it the one of that thread, or of the process that the thread leads, which have none yet. Call with
 * process_tree_lock held.
 */
void end_watch_attach(struct end_watch *watch, struct thread *thread);

/*
 * Finds the one of a process, or with of_thread that of a thread, by its id, and makes it if there is
 * none. Returns 0 and a reference; -ESRCH if there is no such id; -EINVAL if it is that of a thread, and a
 * process is wanted; -ENOMEM.
 */
int end_watch_find(int id, bool of_thread, struct end_watch **watch_ret);

enum end_state {
	END_TO_COME,
	END_CAME, /* it is a zombie */
	END_GONE, /* it has been reaped; a thread that is no leader reaps itself */
};

/* Has it ended? Call with no spinning lock held. */
enum end_state end_watch_look(const struct end_watch *watch);

/* Wakes those who wait. NULL: there are none. Call with process_tree_lock held. */
void end_watch_wake(struct end_watch *watch);
/* Wakes those who wait for a process or thread that cannot be found from now on, and empties its slot. */
static inline void end_watch_gone(struct end_watch **slot)
{
	if (unlikely(*slot != NULL)) {
		end_watch_wake(*slot);
		*slot = NULL;
	}
}
