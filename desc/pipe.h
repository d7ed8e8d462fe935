/* SPDX-License-Identifier: MIT */
/* Pipes: the bytes written to one end are read from the other. */
#pragma once

#include "desc/file.h"
#include "desc/pipe_ring.h"

struct pipe;

extern struct counted_kind pipe_kind;

/* Returns both ends with one reference each. flags: O_NONBLOCK, and O_DIRECT for packets. Returns 0 or -ENOMEM. */
int pipe_create(unsigned flags, struct file **read_ret, struct file **write_ret);

/* Is it an end of a pipe, with a name or without? The functions for files below are for such ones. */
static inline bool file_is_pipe(const struct file *file)
{
	return file->ops->is_pipe;
}

static inline struct pipe *file_pipe(const struct file *file)
{
	return file->data;
}

/*
 * pipe_drop() returns whether the reference was the last one: then pipe_free() frees the pipe with what is in it. pipe_put()
 * is both.
 */
void pipe_get(struct pipe *pipe);
bool pipe_drop(struct pipe *pipe);
void pipe_free(struct pipe *pipe);
static inline void pipe_put(struct pipe *pipe)
{
	if (pipe_drop(pipe))
		pipe_free(pipe);
}

/* Slots of struct file_ops. Reads and writes are refused by the access that the file was opened for. */
ssize_t pipe_read(struct file *file, struct user_iter *to, uint64_t *pos);
ssize_t pipe_write(struct file *file, struct user_iter *from, uint64_t *pos);
unsigned pipe_poll(struct file *file, struct poller *poller);

/* pipe_read() and pipe_write() of bytes, for a file that is no pipe. They look at its O_NONBLOCK. */
ssize_t pipe_read_from(struct pipe *pipe, const struct file *file, struct user_iter *to);
ssize_t pipe_write_to(struct pipe *pipe, const struct file *file, struct user_iter *from);

void pipe_holds(struct file *file);
/* For the ledger: a holder of a reference to the pipe. */
void pipe_found(struct pipe *pipe);

/* What the core tells of it by fstat, with this mode. */
#define PIPE_MODE (S_IFIFO | 0600)
void pipe_fill_stat(const struct pipe *pipe, struct abi_stat *st);

/* Who hears what can be done with a pipe. */
struct pipe_listener {
	/* There are bytes now, or no writer (POLLIN); room, or no reader (POLLOUT); the other side of a duplex has ended (POLLHUP), or there was a reset (POLLERR). Called with no lock held. */
	void (*tell)(struct pipe_listener *listener, unsigned event);
	void (*gone)(struct pipe_listener *listener); /* the pipe is being freed */
};
