/* SPDX-License-Identifier: MIT */
/* The system calls of the core without a layer. */
#pragma once

#include "trap/syscall.h"

extern const syscall_fn alone_calls[];

/* A call that is not in the table: -ENOSYS, and a line in the log, once for each number. */
long alone_call_other(struct trap_frame *frame);
