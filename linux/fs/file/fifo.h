/* SPDX-License-Identifier: MIT */
/* Pipes as files: those with a name, and what Linux can do with both kinds. */
#pragma once

#include "desc/pipe_impl.h"
#include "linux/fs/file/file_more.h"

/* For inodes of named pipes. The inode's `fifo` is NULL at first. */
extern const struct file_ops fifo_file_ops;

extern const struct file_more pipe_more;

struct linux_pipe {
	struct pipe pipe;
	/* What programs can change of a pipe without a name, with the times. Atomic, written with the pipe's lock held: */
	uint32_t mode; /* with the type; 0: still PIPE_MODE */
	uint32_t uid, gid;
};

/* A listener that tells the files of its own queue, for O_ASYNC. `gone` frees it, once they have ended. NULL: memory has run out. */
struct pipe_listener *async_listener_create(void);
struct async_queue *async_queue_of(struct pipe_listener *listener);

/* The pipe, which no other thread has found yet, becomes the running thread's. */
void pipe_own(struct file *file);

/* What fstat tells of a pipe without a name. */
int pipe_file_stat(struct file *file, struct abi_stat *st);

static inline bool file_is_nameless_pipe(const struct file *file)
{
	return file_is_pipe(file) && !file->ops->has_inode;
}

/* The hook `pipe_broken` of base/os_layer.def. */
void linux_pipe_broken(void);
