/* SPDX-License-Identifier: MIT */
/* A handler's frame on the program's stack, and the way back from it. */
#pragma once

#include "proc/signal/signal.h"

/*
 * Writes the frame for the handler of `action` onto the program's stack and makes `frame` enter it.
 * mask: what rt_sigreturn brings back. 0 or -EFAULT.
 */
int signal_frame_write(struct trap_frame *frame, const struct signal_info *info,
		       const struct abi_sigaction *action, uint64_t mask);
/* rt_sigreturn(2): the running thread goes on as the frame at its sp says. 0 or -EFAULT, -EINVAL. */
int signal_frame_return(struct trap_frame *frame);

/* sigaltstack(2): new and old may be NULL. 0, -EINVAL, -ENOMEM (too small), -EPERM (it is in use). */
int signal_stack(vaddr_t sp, const struct abi_stack *new, struct abi_stack *old_ret);
