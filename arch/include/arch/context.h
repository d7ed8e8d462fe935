/* SPDX-License-Identifier: MIT */
/* A thread's machine state: kernel stack, callee-saved registers, FPU. */
#pragma once

#include "arch/frame.h"
#include "lib/types.h"

/*
 * arch-impl/context.h supplies struct arch_thread. Everyone may use its fields
 *   struct hart *hart;        where it runs
 *   unsigned long work;       not zero: trap_user_return() is called before user mode is entered
 *                             (ARCH_WORK_*);
 *                             changed by atomic operations only
 *   struct arch_preempt preempt;  whether it may lose its hart (arch/preempt.h)
 * It is embedded in struct thread (proc/thread.h); the running one is arch_this_thread().
 */
#include "arch-impl/context.h"

#define ARCH_WORK_RESCHED 1ul /* the scheduler wants the hart */
#define ARCH_WORK_SIGNAL  2ul /* a signal, or an order to end, waits */

/*
 * Kernel stacks: size and alignment that arch wants of mm/kmap (twice the size, lower half
 * unmapped).
 */
#define KSTACK_SIZE ARCH_KSTACK_SIZE

/*
 * Prepares a thread that starts in kernel mode in fn(arg), which never returns; kstack is the
 * lowest mapped byte. fn, and `first` below, begin with interrupts as arch_switch() had them: off.
 */
void arch_thread_init(struct arch_thread *thread, void *kstack, void (*fn)(void *), void *arg);

/*
 * Prepares a thread that, when first switched to, calls `first()` and then goes to user mode with a
 * copy of `frame` and of the running thread's FPU state.
 */
void arch_thread_init_fork(struct arch_thread *thread, void *kstack, const struct trap_frame *frame,
			   void (*first)(void));

/* The frame of a user thread: what its last trap from user mode saved. */
struct trap_frame *arch_thread_frame(struct arch_thread *thread);

/* Goes to user mode with the running thread's frame. => interrupts any; never returns */
void arch_enter_user(void) __attribute__((noreturn));

/* Forgets the running thread's FPU state: registers and fcsr zero, as a new image finds them. */
void arch_fpu_reset(void);

/*
 * Switches kernel stacks, callee-saved registers and FPU. => interrupts off; returns when switched
 * back to
 */
void arch_switch(struct arch_thread *from, struct arch_thread *to);
