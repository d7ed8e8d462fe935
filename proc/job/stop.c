/* SPDX-License-Identifier: MIT */
/* Stops and continues the running process, and notifies its parent. */
#include "proc/job/stop.h"

#include "abi/wait.h"
#include "lib/bits.h"
#include "proc/cred.h"
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
	struct signal_info info = {
		.sig = SIGCHLD,
		.code = code,
		.about = SIGNAL_OF_CHILD,
		.pid = process->pid,
		.uid = process->leader->real_cred->uid,
		.status = status,
	};
	struct usage usage;

	if (!parent || parent->state != PROCESS_ALIVE)
		return;
	usage_current(&usage);
	info.user_ticks = usage.user_ticks;
	info.kernel_ticks = usage.kernel_ticks;
	if (!signals_refuse_stops(&parent->signals))
		signal_send_info(parent, &info);
	waitq_wake_all(&parent->child_waitq);
}

/*
 * Turns `stopping` into `stopped`, unless SIGCONT came in between, and has all threads stop. Call
 * with process_tree_lock held.
 */
static void stop_begin(struct process *process)
{
	struct signals *signals = &process->signals;
	int sig;

	spin_lock(&signals->lock);
	sig = signals->ending ? 0 : signals->stopping;
	if (sig != SIGSTOP && pgrp_is_orphaned(process->group))
		sig = 0;
	signals->stopping = 0;
	if (sig && !signals->stopped) {
		signals->stopped = sig;
		signals->continue_unreported = false;
		signals_stop_threads(process);
	}
	spin_unlock(&signals->lock);
}

/* A thread stops, or has begun to end. The last one tells the parent. Call with process_tree_lock held. */
static void stop_count(struct thread *thread)
{
	struct process *process = thread->process;
	struct signals *signals = &process->signals;
	int sig = 0;

	spin_lock(&signals->lock);
	if (thread_must_stop(thread)) {
		atomic_store_relaxed(&thread->signals.must_stop, false);
		signals_wake_next();
		if (--signals->nstopping == 0)
			sig = signals->stopped;
		signals->stop_unreported |= sig != 0;
	}
	spin_unlock(&signals->lock);
	child_sort(process);
	if (sig)
		stop_notify_parent(process, CLD_STOPPED, sig);
}

/*
 * Waits until SIGCONT or a kill. A stop that follows at once counts this thread anew. Returns
 * whether the parent is to be told.
 */
static bool wait_for_resume(struct thread *thread)
{
	struct signals *signals = &thread->process->signals;
	bool stopped, tell;
	uint64_t seq;

	do {
		spin_lock(&process_tree_lock);
		stop_count(thread);
		spin_unlock(&process_tree_lock);
		spin_lock(&signals->lock);
		stopped = signals->stopped != 0;
		seq = waitq_sample(&signals->resumed);
		tell = !stopped && signals->continue_untold;
		if (tell)
			signals->continue_untold = false;
		spin_unlock(&signals->lock);
	} while (stopped && thread_wait(&signals->resumed, seq) == 0);
	return tell;
}

void process_stop(void)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	bool tell;

	spin_lock(&process_tree_lock);
	stop_begin(process);
	spin_unlock(&process_tree_lock);
	tell = wait_for_resume(thread);
	if (current_killed() || !tell)
		return;
	spin_lock(&process_tree_lock);
	child_sort(process);
	stop_notify_parent(process, CLD_CONTINUED, SIGCONT);
	spin_unlock(&process_tree_lock);
}

void process_stop_leave(struct thread *thread)
{
	if (unlikely(thread_must_stop(thread)))
		stop_count(thread);
}

int child_stop_event(struct process *child, unsigned options, bool take)
{
	struct signals *signals = &child->signals;
	int status = -1;

	if (!(options & (WUNTRACED | WCONTINUED)))
		return -1;
	spin_lock(&signals->lock);
	if (signals->ending || child->state != PROCESS_ALIVE) {
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
