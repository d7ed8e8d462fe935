/* SPDX-License-Identifier: MIT */
/* Filling the stack of a new image. */
#pragma once

#include "proc/exec_args.h"
#include "proc/exec_stack.h"

struct space;

/*
 * Writes strings, tables and random bytes into the space, which nobody runs in. 0, -EFAULT,
 * -ENOMEM, -EINTR.
 */
int exec_stack_write(struct space *space, const struct exec_stack *stack,
		     const struct exec_args *args, const struct exec_aux *aux);
