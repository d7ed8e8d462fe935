/* SPDX-License-Identifier: MIT */
/* System calls on descriptors, as far as a layer adds something of its own to them. */
#pragma once

#include "trap/syscall.h"

struct file;

/* pipe2. `made` is called before any thread finds the pipe; NULL: it is not. */
long pipe_call(const struct trap_frame *frame, void (*made)(struct file *reader));
