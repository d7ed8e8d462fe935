/* SPDX-License-Identifier: MIT */
/* System calls on descriptors, as far as a layer adds something of its own to them. */
#pragma once

#include "trap/syscall.h"

struct file;

/*
 * Reserves a descriptor, and stores the first n bytes of its number, an int, in user memory before any other thread can use it. Returns
 * it, -EMFILE, -ENOMEM or -EFAULT.
 */
int descriptor_reserve(vaddr_t user, size_t n, bool cloexec);

/*
 * Reserves two descriptors and stores their numbers in user memory, before any other thread can use them. Returns 0, -EMFILE, -ENOMEM or
 * -EFAULT.
 */
int descriptors_reserve(vaddr_t user, bool cloexec, int fds[2]);

/* pipe2. `made` is called before any thread finds the pipe; NULL: it is not. */
long pipe_call(const struct trap_frame *frame, void (*made)(struct file *reader));
