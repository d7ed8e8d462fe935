/* SPDX-License-Identifier: MIT */
/* Kernel threads: creating, ending and freeing them. */
#pragma once

#include "sync/atomic.h"

struct hart;
struct thread;

/* Creates the idle thread of the boot hart. Called once, during boot, after sched_init(). Returns 0 or -ENOMEM. */
int kthread_init(void);

/*
 * Creates the idle thread of a hart, with an argument that is kept in main_arg. Returns NULL if out of memory. On another hart
 * than the boot hart, kthread_be_idle() makes the running thread the idle one.
 */
struct thread *kthread_idle(struct hart *hart, void *arg);
void kthread_be_idle(void) __attribute__((noreturn));

/* Creates a runnable kernel thread that calls fn(arg) and ends. Returns NULL if out of memory. */
struct thread *kthread_spawn(const char *name, void (*fn)(void *arg), void *arg);

/* Ends the running kernel thread. */
void kthread_exit(void) __attribute__((noreturn));

/*
 * Leaves a thread to kthread_reap(), which frees it; with its process, too, if the thread is still on
 * the list of that. The thread is about to leave its hart for good, with preemption off, or has left.
 * The caller has passed the process to process_forget_locked(), or taken the thread off its list.
 */
void kthread_reap_later(struct thread *thread);

/* Whether kthread_reap() has anything to free: a hint. */
static inline bool kthread_any_ended(void)
{
	extern uint32_t kthread_nended;

	return atomic_load_relaxed(&kthread_nended) != 0;
}

/* Frees what kthread_reap_later() was given. The idle thread does this too. Call with no spinning lock held. */
void kthread_reap(void);
