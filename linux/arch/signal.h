/* SPDX-License-Identifier: MIT */
/* Signal frames: the registers that a handler finds, and how it is left. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

/*
 * arch-impl/signal.h supplies struct arch_sigcontext, the machine's part of the ABI's ucontext:
 * integer and floating-point registers.
 */
#include "arch-impl/signal.h"

/*
 * Writes the running thread's registers, from its frame and FPU, to a struct arch_sigcontext in
 * user memory. Returns 0 or -EFAULT. Call in trap_user_return(), with no spinning lock held. `to`
 * and its end are user addresses.
 */
int arch_sigcontext_save(vaddr_t to);

/*
 * Loads the running thread's registers, into its frame and FPU, from a struct arch_sigcontext in user memory. The
 * mode, the interrupt state and the like do not change. Returns 0, -EFAULT, or -EINVAL if words that must be
 * zero are not; as on Linux, some or all registers are the new ones even so. Call in a system call, with no
 * spinning lock held. `from` and its end are user addresses.
 */
int arch_sigcontext_load(vaddr_t from);
