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
 * A pipe that no file is an end of yet, with a reference. Returns 0, -ENFILE or -ENOMEM. pipe_drop() returns whether the
 * reference was the last one: then pipe_free() frees the pipe with what is in it. pipe_put() is both.
 */
int pipe_create_closed(struct pipe **pipe_ret);
void pipe_get(struct pipe *pipe);
bool pipe_drop(struct pipe *pipe);
void pipe_free(struct pipe *pipe);
static inline void pipe_put(struct pipe *pipe)
{
	if (pipe_drop(pipe))
		pipe_free(pipe);
}

/*
 * The file becomes an end of the pipe, or both, as it was opened for. The first end of one that is `named` waits for another, by
 * the rules of open(2). Returns 0, -ENXIO, or -EINTR. A file that has joined leaves before the caller drops its reference to
 * the pipe.
 */
int pipe_join(struct pipe *pipe, struct file *file, bool named);
void pipe_leave(struct file *file);

/* Slots of struct file_ops. Reads and writes are refused by the access that the file was opened for. */
ssize_t pipe_read(struct file *file, struct user_iter *to, uint64_t *pos);
ssize_t pipe_write(struct file *file, struct user_iter *from, uint64_t *pos);
unsigned pipe_poll(struct file *file, struct poller *poller);
int pipe_ioctl(struct file *file, unsigned long request, vaddr_t arg);
void pipe_holds(struct file *file);
/* For the ledger: a holder of a reference to the pipe. */
void pipe_found(struct pipe *pipe);

/* What programs can change of a pipe without a name. */
struct pipe_attr {
	uint32_t mode;		      /* with the type */
	uint32_t uid, gid;	      /* whose it is; 0 at first */
	uint64_t atime, mtime, ctime; /* nanoseconds since 1970 */
};

/* What the pipe has now. Takes no lock: each is read alone. */
void pipe_attr(const struct pipe *pipe, struct pipe_attr *attr);
/* Calls `change` with the pipe's lock held, and if it returns 0, sets what it has made of them. Returns what it returned. */
int pipe_change_attr(struct pipe *pipe, int (*change)(struct pipe_attr *attr, void *arg),
		     void *arg);
/* Its number as a file, and all that fstat tells of it. */
uint64_t pipe_ino(const struct pipe *pipe);
void pipe_fill_stat(const struct pipe *pipe, struct abi_stat *st);

/* Who hears what can be done with a pipe. */
struct pipe_listener {
	/* There are bytes now, or no writer (POLLIN); room, or no reader (POLLOUT). Called with no lock held. */
	void (*tell)(struct pipe_listener *listener, unsigned event);
	void (*gone)(struct pipe_listener *listener); /* the pipe is being freed */
};

/* Gives the pipe a listener, unless it has one. Returns the one that it has; it keeps that. */
struct pipe_listener *pipe_listen(struct pipe *pipe, struct pipe_listener *listener);

/* Are they of one pipe? */
bool pipe_is_same(const struct file *a, const struct file *b);

/* The size that a pipe can be given, unless `any` is set below; and sets that, 0 or -EINVAL. */
#define PIPE_SIZE_MOST (1u << 20)
uint64_t pipe_size_most(void);
int pipe_set_size_most(uint64_t size);

/*
 * How many bytes the pipe has room for. It gets a size of whole pages that is a power of 2, which is returned;
 * -EINVAL: too large; -EPERM: too large unless `any` is set; -EBUSY: it has more in it now; -ENOMEM.
 */
long pipe_size(struct file *file);
long pipe_set_size(struct file *file, uint64_t size, bool any);

/*
 * For splice. pipe_take() waits for bytes and tells where the oldest are. Returns 1; 0 at the end; or -EAGAIN or -EINTR. After
 * a 1, the pipe has nothing to read for other readers until pipe_give_back() says how many of these bytes were used; the
 * others stay the oldest. It returns whether that made room for a page: then pipe_tell_room() is to be called at the end.
 */
int pipe_take(struct file *file, struct pipe_slot *slot, bool nonblock);
bool pipe_give_back(struct file *file, size_t n);
void pipe_tell_room(struct file *file);

/*
 * read(2) or write(2) of bytes that are no packets, with or without O_NONBLOCK, whatever the file says. pipe_vmsplice() is one of both, as the file was opened
 * for; it waits for room, and then writes what there is room for.
 */
ssize_t pipe_transfer(struct file *file, struct user_iter *iter, bool nonblock, bool write);
ssize_t pipe_vmsplice(struct file *file, struct user_iter *iter, bool nonblock);

/* Waits for room for a page. Returns 0, -EAGAIN, -EINTR, or -EPIPE after os_layer.pipe_broken(). */
int pipe_await_room(struct file *file, bool nonblock);

/*
 * Moves up to n bytes from a pipe to another one, or copies them if `keep` is set. Waits until there is one and room for it,
 * unless `nonblock`. Returns how many, 0 at the end, -ENOMEM, or an error of pipe_await_room().
 */
ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t n, bool nonblock, bool keep);
