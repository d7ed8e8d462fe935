/* SPDX-License-Identifier: MIT */
/* Pipes: the bytes written to one end are read from the other. */
#pragma once

#include "desc/pipe_ring.h"
#include "linux/fs/inode.h"

extern struct counted_kind pipe_kind;

/* Returns both ends with one reference each. flags: O_NONBLOCK, and O_DIRECT for packets. Returns 0 or -ENOMEM. */
int pipe_create(unsigned flags, struct file **read_ret, struct file **write_ret);

/* For inodes of named pipes. The inode's `fifo` is NULL at first. */
extern const struct file_ops fifo_file_ops;

/* Is it an end of a pipe, with a name or without? The functions below are for such files. */
bool file_is_pipe(const struct file *file);
/* Are they of one pipe? */
bool pipe_is_same(const struct file *a, const struct file *b);

/* How many bytes a pipe can have at most for programs without CAP_SYS_RESOURCE; and sets that, 0 or -EINVAL. */
#define PIPE_SIZE_MOST (1u << 20)
uint64_t pipe_size_most(void);
int pipe_set_size_most(uint64_t size);

/*
 * How many bytes the pipe has room for. It gets a size of whole pages that is a power of 2, which is returned;
 * -EINVAL: too large; -EPERM; -EBUSY: it has more in it now; -ENOMEM.
 */
long pipe_size(struct file *file);
long pipe_set_size(struct file *file, uint64_t size);

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

/* Waits for room for a page. Returns 0, -EAGAIN, -EINTR, or -EPIPE after it has sent SIGPIPE. */
int pipe_await_room(struct file *file, bool nonblock);

/*
 * Moves up to n bytes from a pipe to another one, or copies them if `keep` is set. Waits until there is one and room for it,
 * unless `nonblock`. Returns how many, 0 at the end, -ENOMEM, or an error of pipe_await_room().
 */
ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t n, bool nonblock, bool keep);
