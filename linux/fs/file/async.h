/* SPDX-License-Identifier: MIT */
/* Open files that tell by a signal that they can be read or written: O_ASYNC, F_SETOWN, F_SETSIG. */
#pragma once

#include "abi/signal.h"
#include "lib/list.h"
#include "proc/mutex.h"
#include "sync/atomic.h"

struct ctty;
struct file;

/* What a pipe, a terminal or the like has: the open files of it with O_ASYNC. */
struct async_queue {
	struct mutex lock;
	/* guarded by lock: */
	struct list files; /* struct file_async */
	/* const: */
	const struct ctty
		*terminal; /* whose foreground gets the signals if the file has no owner; or NULL */
};

void async_queue_init(struct async_queue *queue, const struct ctty *terminal);

/* Out of line, for the next one. */
void async_tell_all(struct async_queue *queue, int reason);

static inline bool async_is_watched(const struct async_queue *queue)
{
	return atomic_load(&queue->files.next) != &queue->files;
}

/*
 * It can be read (POLL_IN) or written (POLL_OUT) now: tells the owners of the open files that are there for that. Call after the
 * change, with no spinning lock held.
 */
static inline void async_tell(struct async_queue *queue, int reason)
{
	if (unlikely(async_is_watched(queue)))
		async_tell_all(queue, reason);
}

/* Has room been made for what the next functions keep of the file? Returns 0 or -ENOMEM. May wait. */
int file_async_prepare(struct file *file);
/*
 * Sets O_ASYNC of a file that joins `queue`, or clears it if that is NULL. fd is what the signals say. Call with file->lock
 * held, after file_async_prepare(). As on Linux, a file that was opened with the flag sends no signals, and keeps it.
 */
void file_async_switch(struct file *file, int fd, struct async_queue *queue);
/* The last reference is gone. */
void file_async_end(struct file *file);

/* F_SETOWN, F_GETOWN, F_SETOWN_EX, F_GETOWN_EX, F_SETSIG and F_GETSIG. */
long file_owner_fcntl(struct file *file, unsigned command, uint64_t arg);
