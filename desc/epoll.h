/* SPDX-License-Identifier: MIT */
/* Sets of epoll: files that are watched, and a list of those that something has happened to. */
#pragma once

#include "abi/epoll.h"
#include "desc/file.h"

/*
 * A set watches pairs of a descriptor's number and an open file. It has no reference to the file: when
 * its last reference is gone, the file leaves all sets. So a file stays watched if its descriptor is
 * closed and another one refers to it, and after fork parent and child share the set.
 *
 * Limits: EPOLL_WATCHES_MAX for a set, and what watches take counts as memory of open files.
 */
#define EPOLL_WATCHES_MAX 4096

/* As on Linux: sets that watch sets, and so on, form chains of so many at most. */
#define EPOLL_CHAIN_MAX 5

/* Creates a set. Returns 0, -ENFILE or -ENOMEM. */
int epoll_create(struct file **file_ret);

extern const struct file_ops epoll_ops;

static inline bool file_is_epoll(const struct file *file)
{
	return file->ops == &epoll_ops;
}

/*
 * Do what epoll_ctl() does; `file` is a set and another file than `watched`, which can be polled. event->events
 * has the flags too. Return 0, or -EINTR for a killed thread. epoll_add: or -EEXIST; -ELOOP if the sets
 * would form a ring or too long a chain; -ENOSPC at a limit; -ENOMEM. The others: or -ENOENT.
 * epoll_modify: or -EINVAL for a watch that is exclusive.
 */
int epoll_add(struct file *file, int fd, struct file *watched, const struct abi_epoll_event *event);
int epoll_modify(struct file *file, int fd, struct file *watched,
		 const struct abi_epoll_event *event);
int epoll_remove(struct file *file, int fd, struct file *watched);

/* Of the files that the set watches by that number, tells the one at a place, for comparisons only; NULL: there is none. */
const void *epoll_watched(struct file *set, int fd, unsigned place);

/*
 * Waits until a watched file of the set has events, or the tick `deadline` (0: looks once; UINT64_MAX:
 * never). Stores up to n events in user memory, whose range the caller has checked. Returns how many, 0 after the deadline, -EINTR or
 * -EFAULT.
 */
long epoll_wait(struct file *set, vaddr_t to, unsigned n, uint64_t deadline);

/* Out of line: some set watches the file. */
void epoll_forget_file(struct file *file);

/* The last reference to the file is gone: removes it from all sets. May sleep. */
static inline void epoll_file_ends(struct file *file)
{
	if (unlikely(atomic_load_relaxed(&file->watches) != NULL))
		epoll_forget_file(file);
}

/* Starts the thread that wakes sets for interrupts. Called once, during boot. Returns 0 or -ENOMEM. */
int epoll_start(void);
