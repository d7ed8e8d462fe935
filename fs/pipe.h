/* SPDX-License-Identifier: MIT */
/* Pipes: the bytes written to one end are read from the other. */
#pragma once

#include "fs/inode.h"

extern struct counted_kind pipe_kind;

/* Returns both ends with one reference each. flags: O_NONBLOCK or 0. Returns 0 or -ENOMEM. */
int pipe_create(unsigned flags, struct file **read_ret, struct file **write_ret);

/* For inodes of named pipes. The inode's `fifo` is NULL at first. */
extern const struct file_ops fifo_file_ops;
