/* SPDX-License-Identifier: MIT */
/* What a pipe consists of: for desc/pipe.c, and for what the layer does with pipes beyond that. */
#pragma once

#include "abi/errno.h"
#include "abi/poll.h"
#include "desc/in_flight.h"
#include "desc/pipe.h"
#include "desc/pipe_ring.h"
#include "mm/phys/page_alloc.h"
#include "proc/wait.h"

/*
 * Pages in pipes are charged to no process, so killing one does not necessarily free them. When all
 * pipes together use 1/ALL_PIPES_SHARE of memory, each pipe is limited to one page.
 */
#define ALL_PIPES_SHARE 8

extern uint64_t pages_in_pipes; /* atomic */

#define RESET_TOLD 1 /* no errno that a reset has */

/* Nanoseconds since 1970. */
struct pipe_times {
	uint64_t atime, mtime, ctime;
};

/* What the layer keeps of it comes behind: os_layer.pipe_size bytes in all. */
struct pipe {
	struct refcount refs; /* open files that have not been released, and inodes of the layer */
	/* Held across copies, but never while waiting for the other end or for memory. */
	struct mutex lock;
	/* guarded by lock: */
	struct pipe_ring ring;
	uint8_t *spare; /* a page for the next bytes, so that light traffic allocates nothing */
	unsigned nreaders, nwriters; /* atomic for a look without the lock */
	bool grows; /* of a duplex, which is charged for DUPLEX_SLOTS slots: it has not got them yet */
	/* What is rare, and so looked at together: */
	union {
		struct {
			bool page_refused; /* not full, but a writer was refused a page */
			bool tells;	   /* atomic: `listener` is there */
			bool lent;	   /* splice holds the oldest bytes: ring.held */
			bool attached;	   /* with some of the bytes in it goes something else */
		};
		uint32_t odd;
	};
	bool watched; /* atomic: a thread has waited for it by poll or epoll */
	bool shut;    /* atomic: of a duplex: whoever writes has shut it */
	/* atomic: of a duplex: its sides that want to know who writes, as bits DUPLEX_* */
	uint32_t signed_for;
	uint32_t
		reset; /* atomic: of a duplex: the errno of a reset, for its reader; or RESET_TOLD */
	/* woken after a change, with the lock held or just released: */
	struct waitq readable;		/* no longer empty, or the writer is gone */
	struct waitq writable;		/* no longer full, or the reader is gone */
	struct waitq opened;		/* a named pipe has one more reader or writer */
	struct pipe_listener *listener; /* atomic, set once; NULL: there is none */
	/* how many there ever were; guarded by lock */
	uint64_t readers_ever, writers_ever;
	/*
	 * When bytes were read and written, if after what the times below say; else 0. Ticks, which cost less to know.
	 * Atomic, written with the lock held.
	 */
	uint64_t read_tick, write_tick;
	/* const: */
	uint64_t ino;
	struct counted counted;
	struct pipe_times times; /* atomic, written with the lock held */
};

/* When bytes were read and written, and when anything was changed. Takes no lock: each is read alone. */
void pipe_times(const struct pipe *pipe, struct pipe_times *times);

/* A pipe with `nfiles` references. Returns NULL without memory. */
struct pipe *pipe_alloc(unsigned nfiles);

/* Something can be done: POLLIN, or POLLOUT. Call with no lock held. */
static inline void pipe_tell(struct pipe *pipe, unsigned event)
{
	struct pipe_listener *listener = atomic_load(&pipe->listener);

	if (unlikely(listener != NULL))
		listener->tell(listener, event);
}

/* The last reader, or writer, is gone, and there are others. */
static inline void pipe_tell_last(struct pipe *pipe)
{
	pipe_tell(pipe, POLLIN);
	pipe_tell(pipe, POLLOUT);
}

/* Allocates the spare page that there is none of. Returns 0, or -ENOMEM if no page is free at once. */
int pipe_get_spare(struct pipe *pipe);

/*
 * Makes sure that there is a spare page to fill; it stays the spare one until it is pushed. Returns
 * 0, or -ENOMEM if no page is free at once.
 */
static inline int pipe_have_spare(struct pipe *pipe)
{
	return likely(pipe->spare != NULL) ? 0 : pipe_get_spare(pipe);
}

/* Frees a page of a pipe, or drops the reference to one that is lent. */
void pipe_page_gone(uint8_t *page);

/*
 * Frees what is in it. Call with the lock held, or nobody else using the pipe. Returns the files in flight that were in it, for
 * in_flight_put_list() without the lock.
 */
struct in_flight *pipe_discard(struct pipe *pipe);

/* pipe_write_to() of a struct message. */
ssize_t pipe_write_message(struct pipe *pipe, const struct file *file, struct user_iter *from);

/*
 * Copies as much of a struct message into the pipe as there is room for, and adds the length to *done. What is attached to it is the
 * pipe's as soon as one byte is. Returns 0, -ENOMEM, or how many bytes of user memory have to be faulted in first. Call with the lock
 * held.
 */
int pipe_add_message(struct pipe *pipe, struct user_iter *from, size_t *done);
/* pipe_read_from() of a pipe where something may be attached to the bytes. Files that the reader has no struct message for are closed. */
ssize_t pipe_read_message(struct pipe *pipe, const struct file *file, struct user_iter *to);
/*
 * A read comes to the bytes of a slot: may it go on? If so, it meets what is attached to them; with `keep`, that stays there, too.
 * Call with the pipe's lock held.
 */
bool message_goes_on(const struct message *message, const struct pipe_slot *slot);
void message_meets(struct message *message, const struct pipe_slot *slot, bool keep);

/* For a read that has found the pipe not readable. As on Linux, the writers' owners are notified. Returns as pipe_wait_readable(). */
int pipe_await_bytes(struct pipe *pipe, const struct file *file, const struct user_iter *to);

/* Is a pipe that has a page already to get no other? */
static inline bool pipes_are_many(void)
{
	return atomic_load_relaxed(&pages_in_pipes) >= page_alloc_total_count() / ALL_PIPES_SHARE;
}

/*
 * Is the pipe refused a further page until some of its bytes have been read? Once it was, a writer may sleep: only the
 * reader that wakes it clears pipe->page_refused.
 */
static inline bool pipe_refuse_page(struct pipe *pipe)
{
	bool refused;

	if (pipe->spare || pipe_ring_empty(&pipe->ring))
		return false;
	refused = pipes_are_many();
	pipe->page_refused |= refused;
	return refused;
}

static inline void pipe_page_back(struct pipe *pipe, uint8_t *page)
{
	if (pipe->spare)
		pipe_page_gone(page);
	else
		pipe->spare = page;
}

/*
 * Takes n bytes off the oldest slot, which is `first` and has so many. Returns whether it is empty now: then its page is gone, or the
 * spare one. Call with the lock held, or nobody else using the pipe.
 */
static inline bool pipe_take_bytes(struct pipe *pipe, struct pipe_slot *first, size_t n)
{
	uint8_t *page = pipe_ring_take_from(&pipe->ring, first, n);

	if (!page)
		return false;
	if (unlikely(first->lent))
		pipe_page_gone(page);
	else
		pipe_page_back(pipe, page);
	return true;
}

/*
 * Drops the lock until the queue is woken. A reader or a writer first says what can be done by the others (as pipe_tell(), or 0).
 * Returns 0 or -EINTR, with the lock held again.
 */
int pipe_wait(struct pipe *pipe, struct waitq *queue, unsigned event);

/*
 * May a read go on, because there are bytes or no writer is left? It may not while splice holds the oldest bytes: they
 * may come back, and must be read before the others.
 */
static inline bool pipe_is_readable(const struct pipe *pipe)
{
	if (pipe_ring_looks_empty(&pipe->ring))
		return !atomic_load_relaxed(&pipe->nwriters);
	return likely(!atomic_load_relaxed(&pipe->ring.held)); /* what is held stays in the ring */
}

/*
 * Waits until pipe_is_readable(). It looks without the lock: a change after the look advances the queue's sequence, and
 * the caller looks again under the lock. Returns 0, -EAGAIN or -EINTR.
 */
static inline int pipe_wait_readable(struct pipe *pipe, bool nonblock)
{
	uint64_t seq = waitq_sample(&pipe->readable);

	if (pipe_is_readable(pipe))
		return 0;
	return nonblock ? -EAGAIN : thread_wait_interruptible(&pipe->readable, seq);
}

/* What a ring takes beyond the slots of a new pipe. */
static inline ssize_t pipe_slot_bytes(uint32_t nslots)
{
	return nslots > PIPE_RING_SLOTS ? (ssize_t)(nslots * sizeof(struct pipe_slot)) : 0;
}

#define DUPLEX_SLOTS 64u /* so many pages are about what Linux's sockets have room for */

/* Frees slots, unless they are the pipe's own. */
void pipe_free_slots(struct pipe_slot *slot, uint32_t nslots);
