/* SPDX-License-Identifier: MIT */
/* A thread's machine state: kernel stack, callee-saved registers, FPU. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

/*
 * arch-impl/context.h supplies struct arch_thread. All code may use these fields:
 *   struct hart *hart;            the hart that it runs on
 *   unsigned long work;           if not 0, trap_user_return() is called before user mode is
 *                                 entered (ARCH_WORK_*); changed by atomic operations only
 *   struct arch_preempt preempt;  may it be preempted? (arch/preempt.h)
 *   uint64_t who;                 what record/journal.c calls it; arch does not look at it
 *   bool has_rseq;                it has restartable sequences; changed only by the thread itself
 *   bool rseq_due;                each trap from user mode but a system call copies it from there
 * It is embedded in struct thread (proc/thread.h). That of the running thread is
 * arch_this_thread().
 */
#include "arch-impl/context.h"

#define ARCH_WORK_RESCHED 1ul  /* the scheduler wants the hart */
#define ARCH_WORK_LEAVE	  2ul  /* the layer has work there, as a request to end: layer_leave() */
#define ARCH_WORK_CALL	  4ul  /* a system call is made there, as it needs all registers */
#define ARCH_WORK_JOURNAL 8ul  /* it has filled the journal, and waits for room */
#define ARCH_WORK_MOVE	  16ul /* it may no longer run on its hart */
#define ARCH_WORK_RSEQ \
	32ul /* its restartable sequences are to be looked at (linux/process/rseq.h) */
#define ARCH_WORK_TEXT	 64ul  /* it may be on another hart than where it made its last FENCE.I */
#define ARCH_WORK_REPORT 128ul /* a fault has killed its process: the report goes on */

/*
 * The size and alignment of kernel stacks. mm/phys/kmap.c gives each a slot of twice the size,
 * whose lower half is not mapped.
 */
#define KSTACK_SIZE ARCH_KSTACK_SIZE

/*
 * Prepares a thread that starts in kernel mode in fn(arg), which never returns. kstack is the
 * lowest mapped byte of its stack. fn, and `first` below, are called with interrupts off, as
 * arch_switch() was.
 */
void arch_thread_init(struct arch_thread *thread, void *kstack, void (*fn)(void *), void *arg);

/*
 * Prepares a thread that calls first() when it is switched to for the first time, and then enters
 * user mode with copies of `frame` and of the running thread's FPU state.
 */
void arch_thread_init_fork(struct arch_thread *thread, void *kstack, const struct trap_frame *frame,
			   void (*first)(void));

/* Returns the frame of a user thread, as its last trap from user mode saved it. */
struct trap_frame *arch_thread_frame(struct arch_thread *thread);

/*
 * Returns the stack pointer of a thread that arch_switch() has switched away from, or that is new; and where it goes on in
 * the kernel.
 */
vaddr_t arch_thread_sp(const struct arch_thread *thread);
vaddr_t arch_thread_pc(const struct arch_thread *thread);

/* Enters user mode with the running thread's frame. Interrupts may be on or off. Never returns. */
void arch_enter_user(void) __attribute__((noreturn));

/* Gives the running thread the registers of a new image: all are zero, floating-point ones too, but pc and sp. */
void arch_user_start(vaddr_t pc, vaddr_t sp);

/*
 * Switches kernel stacks, callee-saved registers and the FPU from one thread to another. Call with
 * interrupts off. Returns when `from` is switched back to, and then what that switch was given as its `word`.
 */
bool arch_switch(struct arch_thread *from, struct arch_thread *to, bool word);
