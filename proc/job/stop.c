/* SPDX-License-Identifier: MIT */
/* Stops and continues the running process, and notifies its parent. */
#include "proc/job/stop.h"

#include "abi/wait.h"
#include "lib/bits.h"
#include "proc/job/pgrp.h"
#include "proc/pid.h"
#include "proc/signal/action.h"
#include "proc/signal/send.h"
#include "proc/thread.h"
#include "proc/wait.h"

/* Call with process_tree_lock held. */
static void stop_notify_parent(struct process *process, int code, int status)
{
	struct process *parent = process->parent;
	const struct usage usage = usage_current();
	const struct signal_info info = {
		.sig = SIGCHLD,
		.code = code,
		.about = SIGNAL_OF_CHILD,
		.pid = process->pid,
		.status = status,
		.user_ticks = usage.user_ticks,
		.kernel_ticks = usage.kernel_ticks,
	};

	if (!parent || parent->state != PROCESS_ALIVE)
		return;
	if (!signals_refuse_stops(&parent->signals))
		signal_send_info(parent, &info);
	waitq_wake_all(&parent->child_waitq);
}

/*
 * Turns `stopping` into `stopped`, unless SIGCONT came in between. Returns the signal, or 0. Call
 * with process_tree_lock held.
 */
static int stop_begin(struct process *process)
{
	struct signals *signals = &process->signals;
	int sig;

	spin_lock(&signals->lock);
	sig = signals->fatal ? 0 : signals->stopping;
	if (sig != SIGSTOP && pgrp_is_orphaned(process->group))
		sig = 0;
	signals->stopping = 0;
	signals->stopped = sig;
	signals->stop_unreported = sig != 0;
	if (sig)
		signals->continue_unreported = false;
	spin_unlock(&signals->lock);
	child_sort(process);
	return sig;
}

/* Waits until SIGCONT or a kill. */
static void wait_for_resume(struct signals *signals)
{
	bool stopped;
	uint64_t seq;

	do {
		spin_lock(&signals->lock);
		stopped = signals->stopped != 0;
		seq = waitq_sample(&signals->resumed);
		spin_unlock(&signals->lock);
	} while (stopped && thread_wait(&signals->resumed, seq) == 0);
}

void process_stop(void)
{
	struct process *process = current_process();
	int sig;

	spin_lock(&process_tree_lock);
	sig = stop_begin(process);
	if (sig)
		stop_notify_parent(process, CLD_STOPPED, sig);
	spin_unlock(&process_tree_lock);
	if (!sig)
		return;
	wait_for_resume(&process->signals);
	if (current_killed())
		return;
	spin_lock(&process_tree_lock);
	stop_notify_parent(process, CLD_CONTINUED, SIGCONT);
	spin_unlock(&process_tree_lock);
}

int child_stop_event(struct process *child, unsigned options, bool take)
{
	struct signals *signals = &child->signals;
	int status = -1;

	if (!(options & (WUNTRACED | WCONTINUED)))
		return -1;
	spin_lock(&signals->lock);
	if (signals->fatal || child->state != PROCESS_ALIVE) {
		status = -1;
	} else if (options & WUNTRACED && signals->stop_unreported) {
		status = ABI_W_STOPCODE(signals->stopped);
		if (take)
			signals->stop_unreported = false;
	} else if (options & WCONTINUED && signals->continue_unreported) {
		status = ABI_W_CONTINUED;
		if (take)
			signals->continue_unreported = false;
	}
	spin_unlock(&signals->lock);
	return status;
}
