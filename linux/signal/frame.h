/* SPDX-License-Identifier: MIT */
/* The sigframe: a signal handler's frame on the program's stack, and the return from it. */
#pragma once

#include "linux/signal/signal.h"

/*
 * Writes the sigframe for the handler of `action` onto the program's stack and makes `frame` enter
 * the handler. mask is what rt_sigreturn restores. Returns 0 or -EFAULT.
 */
int signal_frame_write(struct trap_frame *frame, const struct signal_info *info,
		       const struct abi_sigaction *action, uint64_t mask);
/* rt_sigreturn(2) from the sigframe at the thread's sp. Returns 0, -EFAULT or -EINVAL. */
int signal_frame_return(struct trap_frame *frame);

/* sigaltstack(2). new may be NULL. Returns 0, -EINVAL, -ENOMEM (too small) or -EPERM (in use). */
int signal_stack(vaddr_t sp, const struct abi_stack *new, struct abi_stack *old_ret);
