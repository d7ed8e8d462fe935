/* SPDX-License-Identifier: MIT */
/* File locks: record locks of processes and of open files (fcntl), and locks of whole files (flock). */
#pragma once

#include "arch/page.h"
#include "linux/fs/file/lock_ranges.h"
#include "sync/atomic.h"

struct file;
struct lock_wait;

/* All owners together have so many ranges at most, one for each frame of the machine; an owner half of these. */
size_t file_locks_most(void);
#define FILE_LOCKS_OWN_PART 2

/*
 * The owner of a lock. It is part of a descriptor table for the record locks of a process, of an open file
 * for the others. All zeros to begin with.
 */
struct lock_owner {
	uint32_t count;		 /* atomic: ranges that it has; changed by linux/fs/file/lock.c */
	struct lock_wait *waits; /* of a descriptor table: its threads' latest wait; or NULL */
};

/* The pages of memory that its ranges take. */
static inline size_t file_locks_pages(const struct lock_owner *owner)
{
	return atomic_load_relaxed(&owner->count) * sizeof(struct lock_range) / PAGE_SIZE;
}

enum file_lock_kind {
	FILE_LOCK_PROCESS,   /* F_SETLK: the owner is a descriptor table's */
	FILE_LOCK_OPEN_FILE, /* F_OFD_SETLK: the file's */
	FILE_LOCK_WHOLE,     /* flock: the file's. Those before are nothing to it, nor it to them */
};

struct file_lock {
	enum file_lock_kind kind;
	unsigned type;	     /* F_RDLCK, F_WRLCK or F_UNLCK */
	uint64_t start, end; /* as in struct lock_range; of FILE_LOCK_WHOLE all */
	struct lock_owner *owner;
	int pid; /* of the process that sets or has set it */
};

/*
 * All functions may sleep: the caller holds no spinning lock. Of waiting locks it may hold any, for
 * none is taken inside (docs/LOCKING.md), but where file_lock_set() may wait for other processes.
 */

/* Called once, during boot. */
void file_locks_init(void);

/*
 * Sets or removes a lock of the file, which stays open meanwhile: for FILE_LOCK_PROCESS, in the
 * owner's table, which is the running process's. Returns 0; -EAGAIN if locks of others are in the
 * way and `wait` is not set; -ENOLCK if there are too many locks, or no memory. With `wait`:
 * -EDEADLK if processes would wait for each other's FILE_LOCK_PROCESS in a ring; -EINTR after a
 * signal, and then the call is restarted if that asks for it. Those that wait get the lock in the
 * order in which they came, as soon as nothing is in their way. A FILE_LOCK_WHOLE that is set
 * anew is gone, unless its type is the same, if that fails.
 */
int file_lock_set(struct file *file, const struct file_lock *lock, bool wait);

/*
 * Returns whether a lock of another owner is in the way of this one, and if so, sets *lock to the
 * first one. For F_UNLCK: whether the owner itself has one there.
 */
bool file_lock_find(struct file *file, struct file_lock *lock);

/* A lock, or a wait for one, as /proc/locks has it; its owner may be gone. */
struct file_lock_line {
	struct file_lock lock;
	unsigned id; /* the number of the lock; a wait has that of the lock which is in its way */
	bool waits;
	uint64_t dev, ino;
};

/*
 * Stores the next one, and moves the cursor, which is 0 at first. Locks that come and go meanwhile may be missed or come
 * twice. Returns 0 or -ENODATA.
 */
int file_lock_next(uint64_t *cursor, struct file_lock_line *ret);

/* Out of line: they have some. */
void file_locks_drop(struct file *file, struct lock_owner *owner);

/* Removes all locks that the owner has of the file: a descriptor is closed, or an open file ends. */
static inline void file_locks_close(struct file *file, struct lock_owner *owner)
{
	if (unlikely(atomic_load_relaxed(&owner->count) != 0))
		file_locks_drop(file, owner);
}
