/* SPDX-License-Identifier: MIT */
/* What the end of a process does to others: stops and traces, who adopts its children, and who is told. */
#include "linux/process/end.h"

#include "abi/wait.h"
#include "linux/job/ctty.h"
#include "linux/job/pgrp.h"
#include "linux/job/stop.h"
#include "linux/process/children.h"
#include "linux/process/cred.h"
#include "linux/process/end_watch.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/action.h"
#include "linux/signal/core.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "proc/kthread.h"
#include "proc/pid.h"

#define ORPHANS_AT_ONCE 8

/* All threads have begun to end, or the only one has. Call with process_tree_lock held. */
static void process_ends(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	process->state = PROCESS_EXITING;
	process_set_subreaper(process, false); /* it adopts no orphan any more */
	process->status = linux_process(process)->signals.ending & ~SIGNALS_ENDING;
	if (signals_report_stop(&linux_process(process)->signals))
		child_sort(process);
	pgrp_update_jobc(process);
}

void end_begin(int status, bool all)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;

	if (unlikely(atomic_load(&linux_process(process)->signals.dumping)))
		core_wait_for_dump();
	if (unlikely(thread->traced))
		ptrace_exit_event(status);
	spin_lock(&process_tree_lock);
	if (unlikely(thread->traced))
		ptrace_end_begins(thread, status);
	if (signals_thread_ends(status, all))
		process_ends(process);
	process_stop_leave(thread);
	spin_unlock(&process_tree_lock);
	signals_thread_flush();
}

static unsigned nsubreapers; /* guarded by process_tree_lock */

void process_set_subreaper(struct process *process, bool subreaper)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	nsubreapers += subreaper;
	nsubreapers -= linux_process(process)->subreaper;
	linux_process(process)->subreaper = subreaper;
}

/*
 * Returns who adopts the children of the ending process: its nearest ancestor that is a subreaper, or
 * process 1. No subreaper is ending (process_ends()), and there are at most PROCESS_COUNT_MAX ancestors.
 */
static struct process *find_reaper(const struct process *process)
{
	struct process *ancestor = nsubreapers ? process->parent : NULL;

	while (ancestor && !linux_process(ancestor)->subreaper)
		ancestor = ancestor->parent;
	return ancestor ?: process_find(PID_INIT);
}

/* As on Linux, it comes from the parent that ends, which needs the right to send it. */
static void send_death_signal(struct process *child)
{
	const struct signal_info info = {
		.sig = linux_process(child)->death_signal,
		.code = SI_USER,
		.pid = current_process()->pid,
		.uid = current_cred()->uid,
	};

	if (info.sig && child->state == PROCESS_ALIVE &&
	    signal_may_send(child, child->leader, info.sig))
		signal_send_info(child, &info);
}

/*
 * Reparents some children of an ending process to its reaper, and sends them their death_signal. If zombies are among
 * them, sends the reaper SIGCHLD and wakes it, or reaps the zombies if it autoreaps its children. Returns true if no child
 * is left. This may orphan the children's process groups (pgrp_parent_gone()). Call with process_tree_lock held; it may
 * be dropped in between.
 */
static bool orphan_some(struct process *process)
{
	struct process *reaper = find_reaper(process);
	struct list *orphans = &process->children;
	bool autoreaps = signals_leave_children(&linux_process(reaper)->signals);
	struct signal_info ended = { 0 }; /* about the first that has ended */
	int orphaned = PGRP_NONE;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for (unsigned n = 0; n < ORPHANS_AT_ONCE && orphaned == PGRP_NONE && !list_empty(orphans);
	     n++) {
		struct process *child = list_first_entry(orphans, struct process, sibling);
		bool zombie = child->state == PROCESS_ZOMBIE && !linux_process(child)->end_withheld;

		child_remove(child);
		linux_process(child)->exit_signal = SIGCHLD;
		child_add(reaper, child);
		if (zombie && !ended.sig)
			ended = process_end_siginfo(child);
		if (zombie && autoreaps) {
			linux_process_forget(child);
			kthread_reap_later(child->leader);
		} else {
			send_death_signal(child);
			orphaned = pgrp_parent_gone(child);
		}
	}
	if (ended.sig) {
		/* Process 1 may be ending. As on Linux, SIGCHLD is sent even if no process has to wait for the child. */
		if (reaper->state == PROCESS_ALIVE &&
		    !signals_ignore_children(&linux_process(reaper)->signals))
			signal_send_info(reaper, &ended);
		waitq_wake_all(&reaper->child_waitq);
	}
	if (orphaned != PGRP_NONE)
		pgrp_wake_stopped(orphaned); /* drops the lock: the reaper may be gone now */
	return list_empty(orphans);
}

/* There may be thousands, so process_tree_lock, which the caller holds, is dropped in between. */
static void leave_children(struct process *process)
{
	if (list_empty(&process->children))
		return;
	while (!orphan_some(process))
		process_tree_pause();
}

void end_leave(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	ctty_leader_ends(process);
	leave_children(process);
	pgrp_member_ends(process);
}

/*
 * As on Linux, if the parent has executed a program since it chose another signal than SIGCHLD, that program gets SIGCHLD: it has
 * not chosen anything, and may have more rights. Call with process_tree_lock held.
 */
static int end_signal(const struct process *process)
{
	const struct uspace *uspace = process->parent ? process->parent->uspace : NULL;

	assert_hardened(spin_lock_held(&process_tree_lock));
	return uspace && uspace->serial != linux_process(process)->parent_image
		       ? SIGCHLD
		       : linux_process(process)->exit_signal;
}

struct signal_info process_end_siginfo(const struct process *process)
{
	bool killed = WIFSIGNALED(process->status);

	return (struct signal_info){
		.sig = end_signal(process),
		.code = !killed			     ? CLD_EXITED
			: WCOREDUMP(process->status) ? CLD_DUMPED
						     : CLD_KILLED,
		.about = SIGNAL_OF_CHILD,
		.pid = process->pid,
		.uid = task_of(process->leader)->real_cred->uid,
		.status = killed ? WTERMSIG(process->status) : WEXITSTATUS(process->status),
		.user_ticks = linux_process(process)->past_usage.user_ticks,
		.kernel_ticks = linux_process(process)->past_usage.kernel_ticks,
	};
}

/*
 * Sends the signal before it wakes the parent, so that a parent with a handler finds, once awake,
 * that the handler has run. Call with process_tree_lock held.
 */
static void signal_and_wake(struct process *parent, const struct signal_info *info)
{
	if (info->sig > 0 && info->sig <= NSIG && parent->state == PROCESS_ALIVE)
		signal_send_info(parent, info);
	waitq_wake_all(&parent->child_waitq);
}

/*
 * If the parent autoreaps its children, the process cannot be found any more, and kthread_reap() frees it. The
 * parent is notified all the same, but is not sent SIGCHLD if it ignores that signal, even if it also blocks
 * it. A tracer knows it first: the ends of other threads, and if it is not the parent, that of the process.
 */
void process_tell_end(struct process *process)
{
	struct linux_process *own = linux_process(process);
	struct process *parent = process->parent;
	struct signal_info info = process_end_siginfo(process);
	bool traced = process->leader->traced;

	assert_hardened(spin_lock_held(&process_tree_lock));
	own->end_withheld = unlikely(own->nkept) || (unlikely(traced) && ptrace_tell_end(process));
	if (unlikely(own->end_withheld))
		return;
	if (info.sig == SIGCHLD && likely(!traced) &&
	    signals_leave_children(&linux_process(parent)->signals)) {
		linux_process_forget(process);
		kthread_reap_later(process->leader);
		if (signals_ignore_children(&linux_process(parent)->signals)) {
			waitq_wake_all(&parent->child_waitq);
			return;
		}
	} else {
		child_sort(process);
	}
	signal_and_wake(parent, &info);
}

void end_notify(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	end_watch_wake(linux_process(process)->end_watch);
	process_tell_end(process);
}
