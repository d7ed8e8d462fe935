/* SPDX-License-Identifier: MIT */
/* Waits for children and reaps them. */
#include "abi/errno.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "lib/bits.h"
#include "linux/job/pgrp.h"
#include "linux/job/stop.h"
#include "linux/process/children.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/reap.h"
#include "linux/process/task.h"
#include "linux/ptrace/ptrace.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"

/* How many children that are in the wrong tree are sorted in one hold of the lock. */
#define SORT_PIECE 16u

/*
 * A child whose exit signal is not SIGCHLD is waited for only with __WCLONE, all others only
 * without it. With __WALL both are.
 */
static bool wants_clones(const struct wait_for *wanted, bool clones)
{
	return wanted->options & __WALL || clones == ((wanted->options & __WCLONE) != 0);
}

/* Whether a child in that state can be waited for. A zombie has no other events than its end. */
static bool wants_state(const struct wait_for *wanted, enum child_state state)
{
	static const unsigned option[CHILD_STATES] = {
		[CHILD_STOPPED] = WUNTRACED,
		[CHILD_CONTINUED] = WCONTINUED,
		[CHILD_ENDED] = WEXITED,
	};

	return wanted->options & option[state];
}

static void child_event_fill(const struct process *child, int status, bool usage,
			     struct child_event *event)
{
	event->pid = child->pid;
	event->uid = task_of(child->leader)->real_cred->uid;
	event->status = status;
	event->trapped = false;
	if (usage)
		usage_with_children(child, &event->usage);
	else
		event->usage = (struct usage){ 0 };
}

/*
 * Stores the child's event in *event if there is one that is wanted. *any_ret is set if the child
 * can be waited for later.
 */
static inline bool child_event_get(struct process *child, const struct wait_for *wanted,
				   bool *any_ret, struct child_event *event)
{
	int status;

	if (child->state == PROCESS_ZOMBIE && likely(!linux_process(child)->end_withheld)) {
		if (!(wanted->options & WEXITED))
			return false;
		child_event_fill(child, child->status, true, event);
		return true;
	}
	*any_ret = true;
	status = child_stop_event(child, wanted->options, !(wanted->options & WNOWAIT));
	if (status == -1)
		return false;
	child_event_fill(child, status, wanted->usage, event);
	return true;
}

static struct process *child_by_pid(const struct process *parent, const struct wait_for *wanted)
{
	struct process *child = process_find(wanted->pid);

	if (!child || child->parent != parent || !linux_process(child)->child.in)
		return NULL;
	if (wanted->birth && child->birth != wanted->birth)
		return NULL;
	if (wanted->group != WAIT_ANY && linux_process(child)->group != wanted->group)
		return NULL;
	return wants_clones(wanted, linux_process(child)->exit_signal != SIGCHLD) ? child : NULL;
}

static bool child_event_is_before(const struct process *child, const struct process *other)
{
	return !other || linux_process(child)->child.place < linux_process(other)->child.place;
}

/* Of the children with an event that is wanted, returns the first one, or NULL. */
static struct process *first_with_event(const struct process *parent, const struct wait_for *wanted,
					bool *any_ret)
{
	unsigned end = wants_clones(wanted, true) ? 2 * CHILD_STATES : CHILD_STATES;
	struct process *first = NULL, *child;

	*any_ret = false;
	for (unsigned i = wants_clones(wanted, false) ? 0 : CHILD_STATES; i < end; i++) {
		enum child_state state = i % CHILD_STATES;
		const struct tree *tree =
			&linux_process(parent)->children.sorted[i / CHILD_STATES][state];

		if (tree_empty(tree))
			continue;
		if (wanted->group == WAIT_ANY && !wants_state(wanted, state)) {
			*any_ret |= state != CHILD_ENDED;
			continue;
		}
		child = children_first(tree, wanted->group);
		if (!child)
			continue;
		*any_ret |= state != CHILD_ENDED;
		if (wants_state(wanted, state) && child_event_is_before(child, first))
			first = child;
	}
	return first;
}

/*
 * Finds a child with an event that is wanted, and stores the event in *event. Returns NULL if there
 * is none; *any_ret then says whether there is a child to wait for at all. A process keeps its place
 * among those with an event when that was reported, and when it kills itself until it begins to end;
 * it is sorted here. Call with process_tree_lock held; it is dropped if there are many of these.
 */
static struct process *child_event_find(struct process *parent, const struct wait_for *wanted,
					bool *any_ret, struct child_event *event)
{
	struct process *child;

	assert_hardened(spin_lock_held(&process_tree_lock));
	*any_ret = false;
	if (wanted->pid != WAIT_ANY) {
		child = child_by_pid(parent, wanted);
		return child && child_event_get(child, wanted, any_ret, event) ? child : NULL;
	}
	for (unsigned n = 1; (child = first_with_event(parent, wanted, any_ret)); n++) {
		if (child_event_get(child, wanted, any_ret, event))
			return child;
		child_sort(child);
		if (n % SORT_PIECE == 0)
			process_tree_pause();
	}
	return NULL;
}

/* Frees a zombie that cannot be found any more, once it has left its hart. */
static void reap(struct process *child)
{
	process_drop_threads(child);
	process_destroy(child);
}

/*
 * A child's end sends a signal first, and then wakes the queue. A thread that was woken by the signal looks once more: as
 * on Linux, that signal does not interrupt a wait for that child.
 */
long process_wait_for(const struct wait_for *wanted, struct child_event *event)
{
	struct process *parent = current_process(), *child;
	int err = 0;

	for (;;) {
		bool any, ended;
		uint64_t seq;
		int traced = 0;

		seq = waitq_sample(&parent->child_waitq);
		spin_lock(&process_tree_lock);
		child = child_event_find(parent, wanted, &any, event);
		ended = child && child->state == PROCESS_ZOMBIE && !(wanted->options & WNOWAIT);
		if (ended) {
			usage_add(&linux_process(parent)->children_usage, &event->usage);
			usage_add_io(&linux_process(parent)->past_io,
				     &linux_process(child)->past_io);
			linux_process_forget(child);
		}
		if (!child)
			traced = ptrace_event_find(wanted, &any, event);
		spin_unlock(&process_tree_lock);
		if (ended)
			reap(child);
		if (child || traced)
			return event->pid;
		if (!any)
			return -ECHILD;
		if (wanted->options & WNOHANG)
			return 0;
		if (err)
			return err;
		err = thread_wait_interruptible(&parent->child_waitq, seq);
	}
}

#define OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)

long process_wait(int pid, unsigned options, int *status_ret, struct usage *usage_ret)
{
	struct wait_for wanted = {
		.pid = WAIT_ANY, .group = WAIT_ANY, .options = options | WEXITED, .usage = true
	};
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
