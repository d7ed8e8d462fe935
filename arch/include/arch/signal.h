/* SPDX-License-Identifier: MIT */
/* Signal frames: the registers that a handler finds, and how it is entered and left. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

/*
 * arch-impl/signal.h supplies struct arch_sigcontext, the machine's part of the ABI's ucontext:
 * integer and floating-point registers.
 */
#include "arch-impl/signal.h"

/*
 * Writes the running thread's registers, as its frame and FPU have them, to a struct arch_sigcontext
 * in user memory. 0 or -EFAULT. => in trap_user_return(); no spinning lock held; `to` and its end
 * are user addresses
 */
int arch_sigcontext_save(vaddr_t to);

/*
 * The reverse: mode, interrupts and the like stay as they are. 0, -EFAULT, or -EINVAL where words
 * that must be zero are not: as on Linux the registers are the new ones even so, or some of them.
 * => in a system call; as above
 */
int arch_sigcontext_load(vaddr_t from);

/* Lets the frame go on in a handler, as handler(sig, info, ucontext), which returns to `ret`. */
struct arch_signal_call {
	vaddr_t handler, ret, sp;
	int sig;
	vaddr_t info, ucontext;
};
void arch_signal_call(struct trap_frame *frame, const struct arch_signal_call *call);

/* The instructions that call rt_sigreturn: what handlers return to. Position-independent. */
extern const char arch_sigreturn_code[], arch_sigreturn_code_end[];
