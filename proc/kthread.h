/* SPDX-License-Identifier: MIT */
/* The kernel's own threads. */
#pragma once

/* Boot: once, after sched_init(): makes the idle thread. 0 or -ENOMEM. */
int kthread_init(void);

/*
 * A thread of the kernel that runs fn(arg), ready to run; it ends when fn returns. NULL: out of
 * memory.
 */
struct thread *kthread_spawn(const char *name, void (*fn)(void *arg), void *arg);

/* Ends the running kernel thread. */
void kthread_exit(void) __attribute__((noreturn));

/* Frees what kernel threads that have ended left behind. => no spinning lock held */
void kthread_reap(void);
