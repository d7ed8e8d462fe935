/* SPDX-License-Identifier: MIT */
/* Writes the stack of a new image. */
#pragma once

#include "proc/exec_args.h"
#include "proc/exec_stack.h"

struct space;

/*
 * Writes the stack of a space in which no thread runs yet. Returns 0, -EFAULT, -ENOMEM or -EINTR.
 */
int exec_stack_write(struct space *space, const struct exec_stack *stack,
		     const struct exec_args *args, const struct exec_aux *aux);
