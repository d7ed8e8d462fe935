/* SPDX-License-Identifier: MIT */
/* Pipes as files: those with a name, and what Linux can do with both kinds. */
#pragma once

#include "desc/pipe.h"
#include "linux/fs/file/file_more.h"

/* For inodes of named pipes. The inode's `fifo` is NULL at first. */
extern const struct file_ops fifo_file_ops;

extern const struct file_more pipe_more;

/* The pipe becomes the running thread's. */
void pipe_own(struct file *file);

/* The hook `pipe_broken` of base/os_layer.def. */
void linux_pipe_broken(void);
