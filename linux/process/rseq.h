/* SPDX-License-Identifier: MIT */
/* Restartable sequences: rseq(2). */
/*
 * A thread that has registered says in its own memory in which critical section it is. If it leaves its hart there, or a
 * signal's handler runs, it goes on at the section's abort handler; and the kernel keeps the number of its hart in the same
 * memory.
 *
 * No system call is made in a critical section. So a thread can only be in one when another trap comes from user mode: that
 * sets `rseq_due` (struct arch_thread). If the thread then goes by trap_user_return(), as before a handler and before it gives
 * way, the program's memory is looked at there before anything else is done. So that it goes by there in any case,
 * ARCH_WORK_RSEQ is set where its hart switches to another thread, and where it moves to another hart. `rseq_due` stays until
 * then, and so a later system call may find it: at worst, a section is looked for in vain, once.
 */
#pragma once

#include "proc/thread.h"

struct trap_frame;

/* The system call. Returns 0 or -EINVAL, -EPERM, -EBUSY or -EFAULT. */
long rseq_register(vaddr_t addr, uint32_t len, uint32_t flags, uint32_t sig);

/*
 * Ends the critical section that the running thread is in, if any, and stores the number of its hart. If its memory is not as it
 * should be, it gets SIGSEGV. Call in trap_user_return().
 */
void rseq_resume(struct trap_frame *frame);

/* A child with a copy of the running thread's memory is registered as that is. Call before it is woken. */
void rseq_fork(struct thread *child);

/* The running thread has new memory, where nothing is registered. */
void rseq_exec(void);
