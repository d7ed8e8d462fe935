/* SPDX-License-Identifier: MIT */
/* Pending signals, kept separately for the process and for each thread, with their infos. */
#pragma once

#include "lib/bits.h"
#include "linux/signal/signal.h"
#include "linux/time/ptimer.h"

struct queued_signal {
	/* guarded by the signals' lock: */
	struct list link;  /* on a queue, or empty */
	unsigned owned;	   /* by a timer: it is not freed when it leaves the queue */
	struct user *user; /* const: counts it */
	struct signal_info info;
};

/*
 * Takes the next signal of `set` from those pending for the running thread: first a processor
 * exception (whatever is in `set`), then signals sent to the thread, then those to the process. Of
 * several, as on Linux, SIGSEGV and other signals for faults come first, then the lowest number.
 * Returns false if there is none. Call with the lock held.
 */
bool signal_take(uint64_t set, struct signal_info *info_ret);
/*
 * Removes all signals in `set` from those pending for the process, or for one thread of it. Their
 * infos go to the list `spent`, for signal_free() after the lock has been dropped, because there may
 * be very many. Call with the lock held.
 */
void signal_flush(struct signals *signals, struct sigpending *pending, uint64_t set,
		  struct list *spent);
/* Removes those in `set` that are pending for the process or any of its threads. Call with the lock held. */
void signal_flush_all(struct process *process, uint64_t set, struct list *spent);
/*
 * Removes those that are pending for single threads, until `most` infos are gone, or a few more. Returns whether there may
 * be others. Call with the lock held.
 */
bool signal_flush_some(struct process *process, uint64_t set, unsigned most, struct list *spent);
void signal_free(struct list *spent);
/*
 * Makes a signal pending for a thread (`shared`: for its process), whose user counts it. Returns 0 or -EAGAIN. Call with
 * the lock held.
 */
int signal_queue(struct thread *to, bool shared, const struct signal_info *info);
/*
 * For a timer of the running thread's, whose signal must not fail to be queued. It counts as pending, from now until it is freed.
 * Returns NULL if there is no room, or no memory.
 */
struct queued_signal *queued_signal_create(void);
/* The timer is gone. If its signal is pending, it stays so. Call with the lock held. */
void queued_signal_destroy(struct signals *signals, struct queued_signal *queued);
/* Puts such a signal on a queue, behind others of its number. Call with the lock held. */
void queued_signal_add(struct sigpending *pending, struct queued_signal *queued);
/* Like signal_flush(), for the signals of timers that are gone. Others of the same numbers stay. */
void signal_flush_timers(struct signals *signals, struct sigpending *pending, struct list *spent);
/* Call for each signal that signal_take() has returned, when the lock is dropped: its timer begins anew. */
static inline void signal_taken(struct signal_info *info)
{
	if (unlikely(info->about == SIGNAL_OF_TIMER || (info->sig == SIGALRM && info->was_shared)))
		ptimer_signal_taken(info);
}
/* Finds the info at that place of the queue, counted from 0. Returns false if there are fewer. Call with the lock held. */
bool signal_look(const struct sigpending *pending, uint64_t place, struct signal_info *ret);
/* Converts from the form in which a program gives it: the signal and the code say what it is about. */
void signal_info_from_abi(const struct abi_siginfo *abi, struct signal_info *ret);
/* Converts to the form in which a handler gets it. */
void signal_info_to_abi(const struct signal_info *info, struct abi_siginfo *abi);
