/* SPDX-License-Identifier: MIT */
/* The order of all locks, and its checker (hardened build only). */
#pragma once

#include "lib/types.h"

/*
 * Every lock has a class. Locks are taken in the order of this list, outermost first. A thread may
 * sleep while it holds a waiting lock. All other locks spin, and their holder may not sleep. Of two
 * locks of one class, the one at the lower address is taken first. The exception is
 * spin_lock_nested(), which takes the lock of a new child, not yet visible to others, after its
 * parent's.
 */
enum lock_class {
	LOCK_NONE, /* not checked */

	/* waiting locks, owned by threads (proc/) */
	LOCK_EPOLL, /* a set of epoll: one thread at a time takes its events */
	LOCK_PIPE,
	LOCK_FILE_OFFSET,
	LOCK_DIRECTORY,
	LOCK_INODE,
	LOCK_VISIT,  /* of a file of a server: the mappings of it are visited */
	LOCK_MMAP,   /* of a space, held across a verb */
	LOCK_SYSV,   /* the segments, the semaphores or the queues of System V IPC */
	LOCK_UIO,    /* a device that a program drives */
	LOCK_NAMING, /* names and parents of a server's files */
	LOCK_FILE_LOCKS,
	LOCK_WATCHES,	/* which files the sets of epoll watch */
	LOCK_IN_FLIGHT, /* the files that were sent and not received */
	LOCK_ASYNC,	/* which open files of a pipe or the like have O_ASYNC */
	LOCK_NOTIFY,	/* which inodes are watched by inotify */
	LOCK_LAST_WAITING = LOCK_NOTIFY,

	/* spinning, interrupts on, never taken by interrupt handlers */
	LOCK_PROCESS_TREE, /* parents and children; the pid table */
	LOCK_PROCESS,	   /* one process: signals, limits, threads */
	LOCK_SIGHAND,	   /* actions of signals, which processes may share */
	LOCK_USERS,	   /* the users that have processes */
	LOCK_FILES,	   /* a descriptor table */
	LOCK_FS,	   /* a file system's names and inodes */
	LOCK_FUTEX,	   /* a bucket of futexes */
	LOCK_FUTEX_PI,	   /* who waits for whom by futexes with priority inheritance */
	LOCK_HAND,	   /* the hand of reclaim passes a space */
	LOCK_SPACES,	   /* the list of all spaces */
	LOCK_SPACE,	   /* VMAs, tables, entries of one space */
	LOCK_USERFAULT,	   /* who waits for a program to resolve a fault */
	LOCK_OBJECT,
	LOCK_PAGE_CACHE,
	LOCK_SWAP_CACHE,
	LOCK_KMAP,
	LOCK_SLAB,
	LOCK_RESERVATION, /* blocks of frames for sweeps */
	LOCK_PAGE_ALLOC,
	LOCK_FRAME_CACHE, /* the free frames of a hart */
	LOCK_DISK, /* the queue of a disk's driver; its holder takes only LOCK_TIMERQ, for a reset */
	LOCK_MUTEX, /* who waits for a waiting lock */
	LOCK_LAST_PREEMPTIBLE = LOCK_MUTEX,

	/* spinning, interrupts off */
	LOCK_DEVICE, /* a driver's queues; its holder may wake threads */
	LOCK_ENDPOINT,
	LOCK_WALL_CLOCK, /* who waits for its times */
	LOCK_WAITQ,
	LOCK_READY, /* the events of a set of epoll that have come */
	LOCK_POLL,  /* the queue of a thread that waits on several others */
	LOCK_LOAN,  /* who runs as others do that wait for it */
	LOCK_RUNQ,
	LOCK_TIMERQ,
	LOCK_ASID,    /* the numbers of address spaces */
	LOCK_JOURNAL, /* how far the reader of the journal is */
	LOCK_LOG,
	LOCK_CONSOLE, /* a device's output that the log may use; its holder wakes no thread */

	LOCK_CLASSES
};

const char *lock_class_name(enum lock_class class);

#define LOCKORDER_DEPTH 16

struct lockorder_held {
	const void *lock;
	enum lock_class class;
};

/*
 * The locks that a hart (spinning locks) or a thread (waiting locks) holds, in the order in which
 * they were taken. All zeros mean that none is held, and so are the entries above `depth`.
 * It is private to the hart, with interrupts off, or to the thread.
 */
struct lockorder {
	unsigned depth;
	struct lockorder_held held[LOCKORDER_DEPTH];
};

#ifdef FAULTLINE_HARDENED

/*
 * This hart's record. NULL before hart_init() and once a panic has begun: then nothing is checked.
 * Supplied by base/hart.c.
 */
struct lockorder *lockorder_this_hart(void);

/*
 * Record that a spinning lock is about to be taken, or is about to be released. Call with preemption
 * or interrupts off. lockorder_take() panics if the order forbids it, lockorder_drop() if this hart
 * does not hold the lock. `nested` permits another lock of the same class in any order.
 */
void lockorder_take(const void *lock, enum lock_class class, bool nested);
void lockorder_drop(const void *lock, enum lock_class class);
bool lockorder_holds(const void *lock);

/*
 * Record that a waiting lock was taken, or dropped, in the owner's own struct lockorder (a field of
 * struct thread). Taking one asserts that no spinning lock is held.
 */
void lockorder_take_waiting(struct lockorder *owner, const void *lock, enum lock_class class,
			    bool nested);
void lockorder_drop_waiting(struct lockorder *owner, const void *lock);
bool lockorder_holds_waiting(const struct lockorder *owner, const void *lock);

/*
 * Panics if this hart holds a spinning lock. Called before any sleep, user copy, vm_pause() or
 * return to user mode.
 */
void lockorder_assert_none_spinning(void);

/* Panics if the thread holds a waiting lock. Called when it ends or returns to user mode. */
void lockorder_assert_none_waiting(const struct lockorder *owner);

#else

static inline void lockorder_take(const void *lock, enum lock_class class, bool nested)
{
	(void)lock, (void)class, (void)nested;
}

static inline void lockorder_drop(const void *lock, enum lock_class class)
{
	(void)lock, (void)class;
}

static inline void lockorder_take_waiting(struct lockorder *owner, const void *lock,
					  enum lock_class class, bool nested)
{
	(void)owner, (void)lock, (void)class, (void)nested;
}

static inline void lockorder_drop_waiting(struct lockorder *owner, const void *lock)
{
	(void)owner, (void)lock;
}

static inline void lockorder_assert_none_spinning(void)
{
}

static inline void lockorder_assert_none_waiting(const struct lockorder *owner)
{
	(void)owner;
}

#endif
