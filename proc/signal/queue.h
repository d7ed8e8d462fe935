/* SPDX-License-Identifier: MIT */
/* Pending signals, kept separately for the process and for each thread, with their infos. */
#pragma once

#include "proc/signal/signal.h"

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
/* The same for the process and all its threads. */
void signal_flush_all(struct process *process, uint64_t set, struct list *spent);
void signal_free(struct list *spent);
/* Makes a signal pending there. Returns 0 or -EAGAIN. Call with the lock held. */
int signal_queue(struct signals *signals, struct sigpending *pending,
		 const struct signal_info *info);
/* Converts to the form in which a handler gets it. */
void signal_info_to_abi(const struct signal_info *info, struct abi_siginfo *abi);
