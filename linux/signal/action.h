/* SPDX-License-Identifier: MIT */
/* The actions of signals: default, ignored, or a handler. */
#pragma once

#include "linux/signal/signal.h"

/*
 * rt_sigaction(2) for the running process. action and old_ret may be NULL. Returns 0, -EINVAL (no
 * such signal, or an action for SIGKILL or SIGSTOP) or -ENOMEM (also if there is no room for the
 * page that handlers return to). Pending signals that are ignored now are dropped.
 */
int signal_action(int sig, const struct abi_sigaction *action, struct abi_sigaction *old_ret);

/* Returns the action; all zeros if none was set. Call with the lock held. */
struct abi_sigaction signal_action_get(const struct signals *signals, int sig);
/* Gets the action for a signal that is taken now: with SA_RESETHAND, its handler is used up. Call with the lock held. */
void signal_action_take(const struct signals *signals, int sig, struct abi_sigaction *ret);

/* The signal does what it does by default from now on. Call with the lock held. */
void signal_action_reset(struct signals *signals, int sig);

static inline bool signal_has_handler(const struct abi_sigaction *action)
{
	return action->handler != SIG_DFL && action->handler != SIG_IGN;
}

/*
 * Give a new process actions of the running one, see signals_copy(). Return 0 or -ENOMEM. NULL is not
 * shared: there is a table afterwards.
 */
int signal_actions_copy(struct signals *to, bool handlers);
int signal_actions_share(struct signals *to);
/* Drops a reference; NULL is allowed. */
void signal_actions_put(struct signal_actions *actions);

/* Whether children are autoreaped: SIGCHLD is ignored or has SA_NOCLDWAIT. */
bool signals_leave_children(struct signals *signals);
/* Whether SIGCHLD is ignored. */
bool signals_ignore_children(struct signals *signals);

/* Whether SIGCHLD is not sent when a child stops or continues. */
bool signals_refuse_stops(struct signals *signals);

/* Whether the running thread blocks, or its process ignores, the signal, so that it would do nothing now. */
bool signal_is_held(int sig);
