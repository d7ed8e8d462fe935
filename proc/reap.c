/* SPDX-License-Identifier: MIT */
/* Waits for children and reaps them. */
#include "abi/errno.h"
#include "abi/wait.h"
#include "lib/bits.h"
#include "proc/job/pgrp.h"
#include "proc/pid.h"
#include "proc/reap.h"
#include "proc/job/stop.h"
#include "proc/sched.h"
#include "proc/wait.h"

/*
 * A child whose exit signal is not SIGCHLD is waited for only with __WCLONE, all others only
 * without it. With __WALL both are.
 */
static bool eligible(const struct process *child, const struct wait_for *wanted)
{
	if (wanted->pid != WAIT_ANY && child->pid != wanted->pid)
		return false;
	if (wanted->group != WAIT_ANY && child->group != wanted->group)
		return false;
	if (wanted->options & __WALL)
		return true;
	return (child->exit_signal != SIGCHLD) == ((wanted->options & __WCLONE) != 0);
}

/* Returns the event of a zombie, with the usage of all its children. */
static struct child_event end_of(const struct process *child)
{
	struct child_event event = { child->pid, child->status, child->ended_usage };

	usage_add(&event.usage, &child->children_usage);
	return event;
}

/*
 * Finds a child with an event that is wanted, and stores the event in *event. Returns NULL if there
 * is none; *any_ret then says whether there is a child to wait for at all. Call with
 * process_tree_lock held; if there are many children it is dropped in between.
 */
static struct process *child_event_find(struct process *parent, const struct wait_for *wanted,
					bool *any_ret, struct child_event *event)
{
	struct process *child = NULL;
	unsigned n = 0;
	bool again;
	int status;

	*any_ret = false;
	while ((child = process_next_child(parent, child, &n, &again)) || again) {
		if (!child) { /* start over with the first child */
			*any_ret = false;
			continue;
		}
		if (!eligible(child, wanted))
			continue;
		if (child->state == PROCESS_ZOMBIE) {
			if (!(wanted->options & WEXITED))
				continue; /* a zombie has no other events */
			*event = end_of(child);
			return child;
		}
		*any_ret = true;
		status = child_stop_event(child, wanted->options, !(wanted->options & WNOWAIT));
		if (status == -1)
			continue;
		/* The usage of a child that has not ended is not reported. */
		*event = (struct child_event){ .pid = child->pid, .status = status };
		return child;
	}
	return NULL;
}

/*
 * Frees a zombie that its parent has taken off its list of children. Others can find the process,
 * and look at its thread, until it is freed: so the thread goes last.
 */
static void reap(struct process *parent, struct process *child, const struct child_event *event)
{
	struct thread *thread = child->thread;

	usage_add(&parent->children_usage, &event->usage);
	sched_wait_left(thread);
	process_free(child);
	thread_destroy(thread);
}

long process_wait_for(const struct wait_for *wanted, struct child_event *event)
{
	struct process *parent = current_process(), *child;

	for (;;) {
		bool any, ended;
		uint64_t seq;
		int err;

		seq = waitq_sample(&parent->child_waitq);
		spin_lock(&process_tree_lock);
		child = child_event_find(parent, wanted, &any, event);
		ended = child && child->state == PROCESS_ZOMBIE && !(wanted->options & WNOWAIT);
		if (ended)
			process_leave_parent(child);
		spin_unlock(&process_tree_lock);
		if (ended)
			reap(parent, child, event);
		if (child)
			return event->pid;
		if (!any)
			return -ECHILD;
		if (wanted->options & WNOHANG)
			return 0;
		err = thread_wait_interruptible(&parent->child_waitq, seq);
		if (err)
			return err;
	}
}

#define OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)

long process_wait(int pid, unsigned options, int *status_ret, struct usage *usage_ret)
{
	struct wait_for wanted = { WAIT_ANY, WAIT_ANY, options | WEXITED };
	struct child_event event;
	long found;

	if (options & ~OPTIONS)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0)
		wanted.pid = pid;
	else if (pid != -1)
		wanted.group = pid ? -pid : pgrp_own();
	found = process_wait_for(&wanted, &event);
	if (found > 0) {
		*status_ret = event.status;
		*usage_ret = event.usage;
	}
	return found;
}
