/* SPDX-License-Identifier: MIT */
/* Pending signals, kept separately for the process and for its thread, with their infos. */
#pragma once

#include "proc/signal/signal.h"

/*
 * Finds the next signal of `set` to be delivered, and its action (action_ret may be NULL). A
 * processor exception (signals->fault) comes first, then signals sent to the thread, then those to
 * the process. Of several, as on Linux, SIGSEGV and other signals for faults come first, then the
 * lowest number. Returns false if there is none. The signal stays pending until signal_take().
 */
bool signal_peek(struct signals *signals, uint64_t set, struct signal_info *info_ret,
		 struct abi_sigaction *action_ret);
/* Returns the next signal's number, or 0, without regard to `fault`. Call with the lock held. */
int signal_next(const struct signals *signals, uint64_t set);
/*
 * Removes a signal that was pending. Returns false if it is so no more: SIGCONT discards the signals
 * that stop, and they discard SIGCONT. Call with the lock held.
 */
bool signal_take(struct signals *signals, const struct signal_info *info);
/*
 * Removes all signals in `set`. Their infos go to the list `spent`, for signal_free() after the
 * lock has been dropped, because there may be very many. Call with the lock held.
 */
void signal_flush(struct signals *signals, uint64_t set, struct list *spent);
void signal_free(struct list *spent);
/* Makes a signal pending. Returns 0 or -EAGAIN. Call with the lock held. */
int signal_queue(struct signals *signals, const struct signal_info *info);
/* Converts to the form in which a handler gets it. */
void signal_info_to_abi(const struct signal_info *info, struct abi_siginfo *abi);
