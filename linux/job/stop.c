/* SPDX-License-Identifier: MIT */
/* Stops and continues the running process, and notifies its parent. */
#include "linux/job/stop.h"

#include "abi/wait.h"
#include "lib/bits.h"
#include "linux/job/pgrp.h"
#include "linux/process/children.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/action.h"
#include "linux/signal/send.h"
#include "proc/pid.h"
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
		.uid = task_of(process->leader)->real_cred->uid,
		.status = status,
	};
	struct usage usage;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!parent || parent->state != PROCESS_ALIVE)
		return;
	usage_current(&usage);
	info.user_ticks = usage.user_ticks;
	info.kernel_ticks = usage.kernel_ticks;
	if (!signals_refuse_stops(&linux_process(parent)->signals))
		signal_send_info(parent, &info);
	waitq_wake_all(&parent->child_waitq);
}

/* Then it sees the thread's own stop. Call with process_tree_lock held. */
static bool is_traced_by_parent(const struct thread *thread)
{
	return unlikely(thread->traced) &&
	       task_of(thread)->ptrace->tracer == thread->process->parent;
}

/*
 * Turns `stopping` into `stopped`, unless SIGCONT came in between, and has all threads stop. Call
 * with process_tree_lock held.
 */
static void stop_begin(struct process *process)
{
	struct signals *signals = &linux_process(process)->signals;
	int sig;

	spin_lock(&signals->lock);
	sig = signals->ending ? 0 : signals->stopping;
	if (sig != SIGSTOP && pgrp_is_orphaned(linux_process(process)->group))
		sig = 0;
	signals->stopping = 0;
	if (sig && !signals->stopped) {
		signals->stopped = sig;
		signals->continue_unreported = false;
		signals_stop_threads(process);
	} else if (unlikely(sig && current_thread()->traced)) {
		current_task()->signals.must_stop |=
			MUST_TRAP; /* it was let go on, and stops again */
	}
	spin_unlock(&signals->lock);
}

/*
 * A thread stops, or has begun to end. The last one tells the parent. Returns whether it was to stop. Call with
 * process_tree_lock held.
 */
static bool stop_count(struct thread *thread)
{
	struct process *process = thread->process;
	struct signals *signals = &linux_process(process)->signals;
	bool counted;
	int sig = 0;

	spin_lock(&signals->lock);
	counted = signals->stopped && task_of(thread)->signals.must_stop & MUST_STOP;
	task_of(thread)->signals.must_stop &= ~MUST_STOP;
	if (counted) {
		signals_wake_next();
		if (--signals->nstopping == 0)
			sig = signals->stopped;
		signals->stop_unreported |= sig != 0;
	}
	spin_unlock(&signals->lock);
	child_sort(process);
	if (sig && !is_traced_by_parent(thread))
		stop_notify_parent(process, CLD_STOPPED, sig);
	return counted;
}

/* Its tracer lets a traced thread go on alone. Else it forgets what a tracer wanted that has let it go. */
static bool trap_or_forget(struct thread *thread, bool counted)
{
	struct signals *signals = &linux_process(thread->process)->signals;

	if (unlikely(atomic_load(&thread->traced))) {
		ptrace_trap(counted);
	} else if (unlikely(task_of(thread)->signals.must_stop & ~MUST_STOP)) {
		spin_lock(&signals->lock);
		if (!thread->traced) /* else another tracer has come meanwhile, and waits for the trap */
			task_of(thread)->signals.must_stop &= MUST_STOP;
		spin_unlock(&signals->lock);
	}
	return atomic_load(&thread->traced);
}

/*
 * Waits until SIGCONT or a kill. A stop that follows at once counts this thread anew, and a tracer that has come
 * since the look for one is not left to wait. Returns whether the parent must be notified.
 */
static bool wait_for_resume(struct thread *thread)
{
	struct signals *signals = &linux_process(thread->process)->signals;
	bool stopped, tell, counted, traced, again;
	uint64_t seq;

	do {
		spin_lock(&process_tree_lock);
		counted = stop_count(thread);
		spin_unlock(&process_tree_lock);
		traced = trap_or_forget(thread, counted);
		spin_lock(&signals->lock);
		stopped = signals->stopped != 0;
		seq = waitq_sample(&signals->resumed);
		again = task_of(thread)->signals.must_stop != 0;
		tell = !stopped && signals->continue_untold;
		if (tell)
			signals->continue_untold = false;
		spin_unlock(&signals->lock);
	} while (stopped && !traced && (again || thread_wait(&signals->resumed, seq) == 0));
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
		(void)stop_count(thread);
}

int child_stop_event(struct process *child, unsigned options, bool take)
{
	struct signals *signals = &linux_process(child)->signals;
	int status = -1;

	if (!(options & (WUNTRACED | WCONTINUED)))
		return -1;
	spin_lock(&signals->lock);
	if (signals->ending || child->state != PROCESS_ALIVE) {
		status = -1;
	} else if (options & WUNTRACED && signals->stop_unreported && !ptrace_by_parent(child)) {
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
