/* SPDX-License-Identifier: MIT */
/* Sending signals: what is dropped, what stays pending, what ends a process. */
#pragma once

#include "proc/signal/signal.h"

/*
 * Sends a signal (1 to NSIG) to a process: it ends or stops it, runs a handler, stays pending, or is
 * ignored. Process 1 gets only what it catches. 0, or -EAGAIN: too many are queued for it (only
 * what carries a value, or is a real-time signal that was not sent by kill).
 * => not in an interrupt handler; no lock inside LOCK_PROCESS held; the process can't vanish: it is
 * the running one, or process_tree_lock is held
 */
int signal_send_info(struct process *process, const struct signal_info *info);
/* The same of the kernel's own accord. */
void signal_send(struct process *process, int sig);

/*
 * Ends the process by sig whatever it blocks, ignores or catches: SIGKILL, and faults that cannot be
 * served. => as above
 */
void signal_force(struct process *process, int sig);

/*
 * A fault of the running process that cannot be served: its handler is next. False: there is none,
 * and nothing was done: the process is to end by signal_force().
 */
bool signal_fault(const struct signal_info *info);

/* Ends the process by sig, unless another signal came first: that is the one that is told. => lock held */
void signals_set_fatal(struct process *process, int sig);

/* struct thread.signalled of a process's thread. => the running one's */
bool signals_end_waits(void);
/* The same, of what is pending alone. => the running process's */
bool signals_want_return(const struct signals *signals);

/*
 * Changes the mask as rt_sigprocmask does (how: SIG_BLOCK, ...); the mask before. What becomes free
 * is acted upon.
 */
int signal_mask(int how, const uint64_t *set, uint64_t *old_ret);
