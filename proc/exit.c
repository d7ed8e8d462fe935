/* SPDX-License-Identifier: MIT */
/* The end of a process: what it held goes back, its children and its parent are told. */
#include "proc/exit.h"

#include "abi/wait.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/bits.h"
#include "proc/child_tid.h"
#include "proc/fork.h"
#include "proc/futex.h"
#include "proc/job/ctty.h"
#include "proc/job/pgrp.h"
#include "proc/oom.h"
#include "proc/pid.h"
#include "proc/reap.h"
#include "proc/sched.h"
#include "proc/signal/action.h"
#include "proc/signal/kill.h"
#include "proc/signal/send.h"
#include "proc/wait.h"

/* How long process 1's end waits for the ends of the others. */
#define LAST_WAIT_NS (5 * NSEC_PER_SEC)

static void leave_space(struct process *process)
{
	struct uspace *uspace = process->uspace;

	child_tid_clear(process);
	process->ended_usage = usage_current();
	spin_lock(&process_tree_lock);
	process->uspace = NULL;
	spin_unlock(&process_tree_lock);
	sched_use_mmu(NULL);
	uspace_put(uspace);
	vfork_done(process);
	oom_memory_freed();
}

/*
 * Locks that it holds first: who learns of the end by anything else finds them free to take.
 * Descriptors next: a reader at the other end of a pipe learns of the end before the parent does.
 */
static void release(struct process *process)
{
	futex_robust_exit(process);
	process_fs->exit(process);
	leave_space(process);
	if (process->exe)
		exe_put(process->exe);
	process->exe = NULL;
}

/* => process_tree_lock held */
static void leave_to_init(struct process *process)
{
	struct process *init = process_find(PID_INIT);

	process_leave_parent(process);
	process->parent = init;
	list_add_tail(&init->children, &process->sibling);
}

static struct signal_info end_siginfo(const struct process *process)
{
	bool killed = WIFSIGNALED(process->status);

	return (struct signal_info){
		.sig = process->exit_signal,
		.code = killed ? CLD_KILLED : CLD_EXITED,
		.about = SIGNAL_OF_CHILD,
		.pid = process->pid,
		.status = killed ? WTERMSIG(process->status) : WEXITSTATUS(process->status),
		.user_ticks = process->ended_usage.user_ticks,
		.kernel_ticks = process->ended_usage.kernel_ticks,
	};
}

/* The signal comes first: who is woken and has a handler finds that it has run. => process_tree_lock held */
static void tell(struct process *parent, const struct signal_info *news)
{
	if (news->sig > 0 && news->sig <= NSIG && parent->state == PROCESS_ALIVE)
		signal_send_info(parent, news);
	waitq_wake_all(&parent->child_waitq);
}

/*
 * A parent that does not keep its children for wait4 (process 1 buries them then) hears of them all the same, unless
 * it ignores SIGCHLD: that is not sent even where it is blocked. => process_tree_lock held
 */
static void tell_parent(struct process *process)
{
	const struct signal_info news = end_siginfo(process);
	struct process *parent = process->parent;

	process_set_zombie(process);
	if (process->exit_signal == SIGCHLD && parent->pid != PID_INIT &&
	    signals_leave_children(&parent->signals)) {
		leave_to_init(process);
		if (signals_ignore_children(&parent->signals))
			waitq_wake_all(&parent->child_waitq);
		else
			tell(parent, &news);
	}
	tell(process->parent, &news);
}

/* Kills all others and waits until they have given back what they held: but not for ever. */
static void end_the_rest(struct process *init)
{
	uint64_t deadline = arch_time() + clock_ns_to_ticks(LAST_WAIT_NS);

	signal_send_all(SIGKILL);
	for (;;) {
		uint64_t seq;
		bool done;

		spin_lock(&process_tree_lock);
		done = process_is_last();
		seq = waitq_sample(&init->child_waitq);
		spin_unlock(&process_tree_lock);
		if (done)
			return;
		if (arch_time() >= deadline) {
			log_warn("proc", "some processes did not end in time");
			return;
		}
		thread_sleep_always(&init->child_waitq, seq, deadline);
	}
}

static void collect_zombie(struct process *process, void *ended)
{
	if (process->state != PROCESS_ZOMBIE)
		return;
	process_leave_parent(process);
	process->parent = NULL; /* its sibling link is ours from now on */
	list_add_tail(ended, &process->sibling);
}

void (*machine_exit_hook)(int status);

__attribute__((noreturn)) static void machine_exit(int status)
{
	assert(machine_exit_hook);
	machine_exit_hook(status);
	assert_unreachable();
}

/* The zombies that are left have no parent to wait for them. */
static void reap_the_rest(void)
{
	struct process *process, *next;
	struct list ended = LIST_INIT(ended);

	spin_lock(&process_tree_lock);
	process_visit_all(collect_zombie, &ended);
	spin_unlock(&process_tree_lock);
	list_for_each_entry_safe(process, next, &ended, sibling) {
		sched_wait_left(process->thread);
		thread_destroy(process->thread);
		process_free(process);
	}
}

static void init_exit(struct process *init) __attribute__((noreturn));
static void init_exit(struct process *init)
{
	int status = init->status;

	end_the_rest(init);
	release(init);
	reap_the_rest();
	if (!WIFSIGNALED(status))
		machine_exit(WEXITSTATUS(status));
	log_error("proc", "process 1 was killed by signal %d", WTERMSIG(status));
	machine_exit(128 + WTERMSIG(status));
}

/* There may be thousands: others run in between. => process_tree_lock held, and dropped meanwhile */
static void leave_children(struct process *process)
{
	struct process *init = process_find(PID_INIT);

	while (!process_orphan_some(process, init)) {
		spin_unlock(&process_tree_lock); /* a preemption point */
		spin_lock(&process_tree_lock);
	}
}

void process_exit(int status)
{
	struct process *process = current_process();

	itimers_stop(&process->itimers);
	spin_lock(&process_tree_lock);
	process->state = PROCESS_EXITING;
	process->status = status;
	pgrp_update_tie(process);
	spin_unlock(&process_tree_lock);
	if (process->pid == PID_INIT)
		init_exit(process);
	release(process);
	spin_lock(&process_tree_lock);
	ctty_leader_ends(process);
	leave_children(process);
	pgrp_member_ends(process);
	preempt_disable(); /* for good: who finds the zombie frees this thread */
	tell_parent(process);
	spin_unlock(&process_tree_lock);
	sched_leave();
}
