/* SPDX-License-Identifier: MIT */
/* What a process wants signals to do to it. */
#pragma once

#include "proc/signal/signal.h"

/*
 * rt_sigaction(2), of the running process: action and old may be NULL. 0, -EINVAL (no such signal,
 * or an action for SIGKILL or SIGSTOP), -ENOMEM: no room for the page that handlers return to.
 * What was pending and is ignored now is dropped.
 */
int signal_action(int sig, const struct abi_sigaction *action, struct abi_sigaction *old_ret);

/* What was asked for: of all zeros, but for SIG_IGN, where nothing was. => lock held */
struct abi_sigaction signal_action_get(const struct signals *signals, int sig);

/* Children are not to be kept for wait4: SIGCHLD is ignored, or has SA_NOCLDWAIT. */
bool signals_leave_children(struct signals *signals);
/* SIGCHLD is ignored. */
bool signals_ignore_children(struct signals *signals);

/* SIGCHLD is not to tell of children that stop or go on. */
bool signals_refuse_stops(struct signals *signals);

/* Blocked or ignored: it would do nothing to the running process now. */
bool signal_is_held(int sig);
