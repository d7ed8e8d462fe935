/* SPDX-License-Identifier: MIT */
/* The one order of all locks, and its checker (hardened build only). */
#pragma once

#include "lib/types.h"

/*
 * Every lock has a class. Locks are taken in the order of this list, outermost first; what stands
 * above LOCK_SPACE and is named "waiting" may be held while its thread sleeps, all others spin and
 * may not. Two locks of one class: the one at the lower address first, or by spin_lock_nested(): a
 * child that nobody can see yet after its parent.
 */
enum lock_class {
	LOCK_NONE, /* not checked */

	/* waiting locks, owned by threads (proc/) */
	LOCK_PIPE,
	LOCK_FILE_OFFSET,
	LOCK_DIRECTORY,
	LOCK_INODE,
	LOCK_MMAP, /* of a space, round a verb */
	LOCK_LAST_WAITING = LOCK_MMAP,

	/* spinning, interrupts on, never taken by interrupt handlers */
	LOCK_PROCESS_TREE, /* who is whose parent; process table */
	LOCK_PROCESS,	   /* one process: signals, limits, threads */
	LOCK_FILES,	   /* a descriptor table */
	LOCK_FS,	   /* a file system's names and inodes */
	LOCK_FUTEX,	   /* a bucket of futexes */
	LOCK_ENDPOINT,
	LOCK_SPACES, /* the list of all spaces */
	LOCK_SPACE,  /* VMAs, tables, entries of one space */
	LOCK_OBJECT,
	LOCK_PAGE_CACHE,
	LOCK_SWAP_CACHE,
	LOCK_KMAP,
	LOCK_SLAB,
	LOCK_PAGE_ALLOC,
	LOCK_LAST_PREEMPTIBLE = LOCK_PAGE_ALLOC,

	/* spinning, interrupts off */
	LOCK_DEVICE, /* a driver's queues; may wake */
	LOCK_WAITQ,
	LOCK_POLL, /* the queue of who waits on several others */
	LOCK_RUNQ,
	LOCK_TIMERQ,
	LOCK_LOG,
	LOCK_CONSOLE, /* output of a device that the log may go to; wakes nobody while held */

	LOCK_CLASSES
};

const char *lock_class_name(enum lock_class class);

#define LOCKORDER_DEPTH 16

struct lockorder_held {
	const void *lock;
	enum lock_class class;
};

/*
 * What a hart (spinning locks) or a thread (waiting locks) holds, in the order of taking. All zero:
 * nothing.
 */
struct lockorder {
	unsigned depth;
	struct lockorder_held held[LOCKORDER_DEPTH];
};

#ifdef FAULTLINE_HARDENED

/* This hart's. Supplied by base/hart.c; NULL before there is one (then nothing is checked). */
struct lockorder *lockorder_this_hart(void);

/*
 * A spinning lock is about to be taken, or has been released.
 * => panics where the order forbids it
 */
void lockorder_take(const void *lock, enum lock_class class, bool nested);
void lockorder_drop(const void *lock, enum lock_class class);
bool lockorder_holds(const void *lock);

/*
 * The same for a waiting lock, recorded in the owner's own struct lockorder (a field of struct
 * thread). Taking one asserts that no spinning lock is held.
 */
void lockorder_take_waiting(struct lockorder *owner, const void *lock, enum lock_class class,
			    bool nested);
void lockorder_drop_waiting(struct lockorder *owner, const void *lock);
bool lockorder_holds_waiting(const struct lockorder *owner, const void *lock);

/*
 * => panics if this hart holds a spinning lock: before any sleep, user copy, vm_pause, switch to
 *    user mode
 */
void lockorder_assert_none_spinning(void);

/* => panics if the thread holds a waiting lock: when it ends or returns to user mode */
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
