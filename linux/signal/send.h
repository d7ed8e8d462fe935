/* SPDX-License-Identifier: MIT */
/* Sends signals: decides whether a signal is dropped, stays pending or kills the process. */
#pragma once

#include "linux/signal/signal.h"

struct queued_signal;

/*
 * Sends a signal (1 to NSIG) to a process. It kills, stops or continues the process, runs a
 * handler, stays pending, or is ignored. Process 1 gets only signals that it catches. Returns 0, or
 * -EAGAIN if a real-time signal, unless sent by kill or by the kernel, could not be queued with its
 * info.
 *
 * Do not call in an interrupt handler, or with a lock inside LOCK_PROCESS held. The process must
 * not disappear meanwhile: it is the running one, or process_tree_lock is held.
 */
int signal_send_info(struct process *process, const struct signal_info *info);
/* Sends a signal that only that thread takes, as by tkill. The thread must not disappear meanwhile. */
int signal_send_thread(struct thread *thread, const struct signal_info *info);
/*
 * Before a stop signal or SIGCONT is sent: drops some of the signals that it cancels. Returns whether there are many more: then call it
 * again, once process_tree_lock has been dropped. Call as signal_send_info().
 */
bool signal_cancel_some(struct process *process, int sig);
/* Sends a signal from the kernel, as signal_send_info() does. */
void signal_send(struct process *process, int sig);

/* Sends the running process a signal from the kernel. Call with its signals' lock held. */
void signal_send_own_locked(int sig);
/*
 * Sends the signal of a timer of the running process: to one of its threads, which has not begun to end,
 * or to any if that is NULL. If it is pending still, counts an overrun instead. Returns false if it is
 * ignored. Call with the lock held.
 */
bool signal_send_timer_locked(struct thread *to, struct queued_signal *queued);
/* Would such a signal be ignored? Call with the lock held. */
bool signal_is_ignored_locked(const struct process *process, const struct thread *to, int sig);

/*
 * Kills the process with sig, whatever it blocks, ignores or catches. For SIGKILL, and for faults
 * that cannot be resolved. Call as signal_send_info().
 */
void signal_force(struct process *process, int sig);
/*
 * Kills the running thread's process as signal_force() does. A core file reports `info`; after signal_force() it reports
 * the signal that signal_fault() has refused.
 */
void signal_die(const struct signal_info *info);

/*
 * A fault of the running thread could not be resolved: has its handler run next. Returns false,
 * having done nothing, if there is no handler or the signal is blocked, and the thread is not traced. Then
 * kill the process with signal_force().
 */
bool signal_fault(const struct signal_info *info);

/*
 * All threads of the process must end. The exit status is the first one given. Call with the lock
 * held.
 */
void signals_end(struct process *process, int status);
/* All threads of the process must end: a signal kills it. Call with the lock held. */
void signals_set_fatal(struct process *process, int sig);
/* Those but `except` must end that have not begun to. Call with the lock held. */
void signals_kill_threads(struct process *process, const struct thread *except);
/* The process is stopped: those must stop that have not begun to end. Call with the lock held. */
void signals_stop_threads(struct process *process);
/*
 * The running thread begins to end, or stops. Of a few functions above that left others asleep, for there
 * may be many, it wakes the next ones. Call with the lock held.
 */
void signals_wake_next(void);

/* Has the thread look at its signals on the way to user mode, or in a wait. Call with the lock held. */
void signal_wake(struct thread *thread);

/*
 * The thread does not take these signals any more: of the other threads one takes each that is pending
 * for the process. Call with the lock held.
 */
void signals_hand_on(const struct thread *thread, uint64_t set);
/* Sets the thread's mask, and hands on what it blocks now. Call with the lock held. */
void signals_block(struct thread *thread, uint64_t blocked);

/* struct thread.signalled of a process's thread. Call for the running thread only. */
bool signals_end_waits(void);
/* signals_end_waits() without a look for expired timers. */
bool signals_want_return(void);

/*
 * Changes the running thread's mask as rt_sigprocmask does (how: SIG_BLOCK, ...). Stores the old mask in *old_ret.
 * Signals that are no longer blocked are delivered on the way to user mode, which a wait that signals
 * end is on at once. Returns 0 or -EINVAL.
 */
int signal_mask(int how, const uint64_t *set, uint64_t *old_ret);
