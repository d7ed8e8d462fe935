/* SPDX-License-Identifier: MIT */
/* The sizes of pipes: F_SETPIPE_SZ, and FIONREAD. */
#pragma once

#include "desc/pipe.h"

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

/* How many bytes there are to read. */
size_t pipe_bytes(struct file *file);
