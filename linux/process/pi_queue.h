/* SPDX-License-Identifier: MIT */
/* Who waits for whom by futexes with priority inheritance: the queues of waiters, and the owners of locks. */
#pragma once

#include "lib/list.h"
#include "mm/object/memory_key.h"
#include "proc/lend_queue.h"
#include "sync/spinlock.h"

struct thread;

/*
 * A word has a queue as long as threads wait for it. Memory for that needs no other limit than that of threads: each waiter
 * allocates a queue for itself before it waits. The first one's becomes the word's, those of the others are its spares,
 * and whoever leaves takes one along, the last one the queue itself.
 */
struct pi_queue {
	/* all of it is guarded by pi_lock: */
	struct list link;      /* in its bucket, or on the spares of another queue */
	struct memory_key key; /* of the word; each waiter has a reference */
	bool is_lock;	       /* else threads wait there to be moved to a lock */
	/* Of a lock. NULL: it has ended, and the first waiter is woken to take the lock. */
	struct thread *owner;
	struct list owned; /* on the owner's list */
	struct lend_queue waiters;
	struct list spares; /* of all waiters but one */
};

/* A wait of the running thread, on its stack. */
struct pi_waiter {
	/* const while it waits: */
	struct memory_key at;	/* the word where a wait begins that is moved; with a reference */
	struct memory_key lock; /* what it waits for in the end; with a reference */
	bool tries;		/* it does not wait */
	/* guarded by pi_lock: */
	struct pi_queue *queue; /* NULL: none */
	struct lend_waiter in;	/* of queue->waiters; its thread is const */
	bool is_moved;		/* it has been moved to the lock */
	bool is_granted;	/* the lock is its own; then it has left the queue */
	struct pi_queue *spare; /* NULL while it waits; afterwards the waiter frees it */
	/* Ends its sleep: the lock is granted, or is there to be taken. Read without pi_lock. */
	uint32_t done;
};

/* Of each thread; guarded by pi_lock. */
struct pi_thread {
	struct pi_waiter *waits;
	struct list owned; /* the queues of locks that it owns; zeros until there is one */
};

/* Guards all of the above. Words of user memory are changed while it is held, through pinned pages. */
extern struct spinlock pi_lock;

/* Called once, during boot. */
void pi_init(void);

/* How many queues there are. It may change at any time. */
extern unsigned pi_nqueues;

/*
 * Counts the joins to words of that hash, and the moves from there. A thread samples it, reads the word, and under the lock it
 * finds out by the same number that nobody has come or been moved since. It may be read without the lock.
 */
uint64_t pi_changes(const struct memory_key *key);
void pi_count_change(const struct memory_key *key);

/* All below: call with pi_lock held. */

/* Returns NULL if nobody waits for the word. */
struct pi_queue *pi_queue_find(const struct memory_key *key);

/* Makes the waiter's spare the queue of a word that has none. The waiter must join it in the same hold of the lock. */
struct pi_queue *pi_queue_begin(struct pi_waiter *waiter, const struct memory_key *key,
				struct thread *owner);

/* Would the wait for a lock of `owner` close a ring of threads that wait for each other, or is their chain very long? */
bool pi_is_deadlock(const struct pi_waiter *waiter, const struct thread *owner);

/*
 * From pi_join() to pi_leave() the waiter waits for the queue's owner, whoever that is: pi_set_owner() changes it for all
 * waiters. The first of them lends its priority to the owner. pi_leave() may end the queue.
 */
void pi_join(struct pi_queue *queue, struct pi_waiter *waiter);
void pi_leave(struct pi_waiter *waiter);
void pi_set_owner(struct pi_queue *queue, struct thread *owner);

/* The queue has one. */
struct pi_waiter *pi_first(const struct pi_queue *queue);

/* Hands the lock over to a waiter, whose number the word has by now, and wakes it. */
void pi_grant(struct pi_waiter *waiter);

/* Grants a lock to a waiter of another queue, which nobody waits for. */
void pi_grant_free(struct pi_waiter *waiter);

/* Call without the lock: */

/* The priority of the thread has changed: a wait of it gets the place of that one, and lends that. */
void pi_priority_changed(struct thread *thread);

/*
 * Does the thread own locks that others wait for? If it ends, none come after `owns_no_more` is set, and with process_tree_lock
 * held since then the answer is right.
 */
static inline bool pi_owns(const struct pi_thread *own)
{
	const struct list *next = atomic_load_relaxed(&own->owned.next);

	return unlikely(next) && next != &own->owned;
}

/* The first waiter of each of these locks of the running thread gets the lock. Call when its robust list has been looked at. */
void pi_let_go(void);

/* For the ledger: finds the references of a thread that waits. */
void pi_find_held(const struct thread *thread);
