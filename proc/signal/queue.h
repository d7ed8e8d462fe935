/* SPDX-License-Identifier: MIT */
/* What is pending: each signal once for the process and once for its thread, with its facts. */
#pragma once

#include "proc/signal/signal.h"

/*
 * The next of those in `set`, and what is asked of it (may be NULL): a fault first, then the thread's own, then
 * the lowest number (as on Linux those that tell of faults before the rest); false: there is none. It stays
 * pending until signal_take().
 */
bool signal_peek(struct signals *signals, uint64_t set, struct signal_info *info_ret,
		 struct abi_sigaction *action_ret);
/* The number of what comes next in `set`, but for faults; 0: nothing. => lock held */
int signal_next(const struct signals *signals, uint64_t set);
/* => lock held, or the running process's own; it is pending */
void signal_take(struct signals *signals, const struct signal_info *info);
/*
 * All of these signals. Their facts go to the list, for signal_free() once the lock is dropped:
 * there may be very many. => lock held
 */
void signal_flush(struct signals *signals, uint64_t set, struct list *spent);
void signal_free(struct list *spent);
/* Makes it pending. => lock held */
int signal_queue(struct signals *signals, const struct signal_info *info);
/* As a handler is told of it. */
void signal_info_to_abi(const struct signal_info *info, struct abi_siginfo *abi);
