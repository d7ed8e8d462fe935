/* SPDX-License-Identifier: MIT */
/* Waiting for signals: rt_sigsuspend, rt_sigtimedwait, rt_sigpending. */
#pragma once

#include "linux/signal/signal.h"

/*
 * Sets a mask for the duration of a system call: until signal_mask_back(), or, if the call returns
 * -EINTR, until a handler has run or it is certain that none will.
 */
void signal_mask_for_call(uint64_t mask);
void signal_mask_back(void);

/* rt_sigsuspend(2). Returns -EINTR, when a handler is about to run. */
int signal_suspend(uint64_t mask);
/*
 * rt_sigtimedwait(2): waits until the tick `deadline` for a signal of `set` and takes it. Returns
 * its number, -EAGAIN at the deadline, or -EINTR.
 */
int signal_wait(uint64_t set, uint64_t deadline, struct signal_info *info_ret);
/* rt_sigpending(2). */
uint64_t signal_pending_set(void);
