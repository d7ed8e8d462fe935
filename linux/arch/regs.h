/* SPDX-License-Identifier: MIT */
/* A user thread's registers as debuggers see them: those of Linux's NT_PRSTATUS and NT_PRFPREG. */
#pragma once

#include "arch/context.h"

/*
 * arch-impl/regs.h supplies struct arch_regs and struct arch_fpregs, arrays of words without padding, and
 * ARCH_AUDIT, by which Linux calls the machine in PTRACE_GET_SYSCALL_INFO.
 */
#include "arch-impl/regs.h"

/*
 * The running thread is about to sleep with all its registers in its frame, as in trap_user_return().
 * Between these two calls others may read and write its registers, with a lock that also the thread takes
 * before it calls the second one. A thread that does not return to user mode needs no second call.
 */
void arch_regs_give(void);
void arch_regs_take_back(void);

/* Copy registers of such a thread; of the second pair the first n bytes are replaced. */
void arch_regs_get(const struct arch_thread *thread, struct arch_regs *ret);
void arch_fpregs_get(const struct arch_thread *thread, struct arch_fpregs *ret);
void arch_regs_set(struct arch_thread *thread, const struct arch_regs *regs, size_t n);
void arch_fpregs_set(struct arch_thread *thread, const struct arch_fpregs *regs, size_t n);
