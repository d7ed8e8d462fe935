/* SPDX-License-Identifier: MIT */
/* Duplexes: two pipes between two open files, so that each reads what the other writes. */
#pragma once

#include "desc/file.h"

struct pipe;
struct pipe_listener;

/* One side. Before it has pipes, and after duplex_end(), both are NULL. */
struct duplex {
	struct pipe *in, *out; /* `in` is atomic, and set last */
	bool half_open;	       /* const: as TCP; see duplex_write() and duplex_shut() */
	bool is_lost;	       /* private to duplex_end(): what was not read is no reset */
	/* atomic; of who reads, set with pipes or without: */
	uint32_t low; /* so many bytes a read waits for, and of a half-open side a poll. 0: as 1 */
	int32_t peek_at; /* where a peek begins; negative: at the first byte */
};

#define DUPLEX_IN  1u
#define DUPLEX_OUT 2u

#define DUPLEX_PEEK 4u /* for duplex_await() */

/* Makes pipes for both sides. Returns 0, -ENFILE or -ENOMEM. */
int duplex_create(struct duplex side[2], bool half_open);

static inline bool duplex_is_open(const struct duplex *side)
{
	return __atomic_load_n(&side->in, __ATOMIC_ACQUIRE) != NULL;
}

/* Makes `side` what `made` is. Others may look at it meanwhile. */
void duplex_set(struct duplex *side, const struct duplex *made);

/*
 * As the slots of struct file_ops, for a file with that side, which is open. If the other side has ended, a read returns what it
 * has written, and then 0. Of a half-open side, one write is taken then; whatever is written afterwards is -EPIPE, or an error that
 * nobody was told.
 */
ssize_t duplex_read(struct duplex *side, const struct file *file, struct user_iter *to);
ssize_t duplex_write(struct duplex *side, const struct file *file, struct user_iter *from);
unsigned duplex_poll(struct duplex *side, struct poller *poller);

/*
 * Waits until a read (DUPLEX_IN), a peek (DUPLEX_PEEK) or a write (DUPLEX_OUT) need not wait, up to the tick `deadline`. Returns 0,
 * -ETIMEDOUT or -EINTR.
 */
int duplex_await(struct duplex *side, unsigned which, uint64_t deadline);

/* Sets `low`. Who polls looks again. */
void duplex_set_low(struct duplex *side, uint32_t low);

/* Waits as duplex_read(), of a half-open side for `low` bytes, and copies without taking, from `peek_at` on. */
ssize_t duplex_peek(struct duplex *side, const struct file *file, struct user_iter *to);

/*
 * Returns what there is to say of a reset, before a read (DUPLEX_IN) returns the end, or else (DUPLEX_OUT); of two calls one at most
 * does. 0: nothing; -ECONNRESET: the other side has ended without having read all; -EPIPE, which is for writes: it has done so after
 * it had shut its way out, or was written to after its end.
 */
int duplex_take_error(struct duplex *side, unsigned which);

/* The other side has that to read first. Call if the side was never used. */
void duplex_reset(struct duplex *side);

/* The ways that are shut by who writes there, by duplex_shut() or duplex_end(): DUPLEX_*. Both are after a reset. */
unsigned duplex_ways_shut(const struct duplex *side);

/* Does this side want to know who writes what it reads? */
void duplex_sign(struct duplex *side, bool wants);
/* Does either side want to know that of what this side writes? Then it writes messages. */
bool duplex_is_signed(const struct duplex *side);

/*
 * Tells the listener (desc/pipe.h) from now on what comes in, and of the end. It also hears POLLOUT, when this side has read. Returns
 * false if there is one.
 */
bool duplex_listen(struct duplex *side, struct pipe_listener *listener);

/* Bytes that can be read; and those that the other side has not read. */
size_t duplex_unread(const struct duplex *side);
size_t duplex_unsent(const struct duplex *side);

/*
 * shutdown(2): nothing more comes in, or goes out. Both sides learn it, but if they are half-open: then the other side still can send what
 * does not come in any more, unless both ways are shut, and a side has hung up only after it has shut the way out itself.
 */
void duplex_shut(struct duplex *side, unsigned which);

/* Shuts both, and drops the pipes. The other side keeps what it can read, and is reset if this one has not read all, unless it `is_lost`. NULL pipes are allowed. */
void duplex_end(struct duplex *side);

/* For the ledger: the references that it has. */
void duplex_holds(const struct duplex *side);
