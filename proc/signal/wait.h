/* SPDX-License-Identifier: MIT */
/* Waiting for signals themselves. */
#pragma once

#include "proc/signal/signal.h"

/*
 * The mask counts until signal_mask_back(), or, where the call ends with -EINTR, until a handler
 * has run or it is clear that none will.
 */
void signal_mask_for_call(uint64_t mask);
void signal_mask_back(void);

/* rt_sigsuspend(2): -EINTR, when a handler is about to run. */
int signal_suspend(uint64_t mask);
/*
 * rt_sigtimedwait(2): takes one of `set`, waiting for it until the tick `deadline`. Its number;
 * -EAGAIN: the time is up; -EINTR.
 */
int signal_wait(uint64_t set, uint64_t deadline, struct signal_info *info_ret);
/* rt_sigpending(2) */
uint64_t signal_pending_set(void);
