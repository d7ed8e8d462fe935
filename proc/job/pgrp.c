/* SPDX-License-Identifier: MIT */
/* Process groups and sessions. */
#include "proc/job/pgrp.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "proc/pid.h"
#include "proc/signal/kill.h"

/* How many children are visited in one hold of process_tree_lock. */
#define CHILD_PIECE 64u

/* Call with process_tree_lock held. */
static struct process *find(int pid)
{
	return pid ? process_find(pid) : current_process();
}

/* Whether the group exists and is in that session. Call with process_tree_lock held. */
static bool group_is_in(int group, int session)
{
	struct process *process;

	for_each_group_member(process, group)
		return process->session == session;
	return false;
}

/* Call with process_tree_lock held. */
static bool group_exists(int group)
{
	struct process *process;

	for_each_group_member(process, group)
		return true;
	return false;
}

/*
 * For each group, the number of ties: of living members whose parent is in the same session but in
 * another group. Such a parent can continue the group after a stop. A group without ties is
 * orphaned. Guarded by process_tree_lock.
 */
static uint16_t ties[PID_MAX];
_Static_assert(PROCESS_COUNT_MAX <= UINT16_MAX, "ties[] holds a tie of each process");

/* Whether the parent ties the child to its group. Call with process_tree_lock held. */
static bool keeps(const struct process *parent, const struct process *child)
{
	return parent && parent->pid != PID_INIT && parent->session == child->session &&
	       parent->group != child->group;
}

static void set_tie(struct process *process, bool tied)
{
	if (tied && !process->tied)
		ties[process->group]++;
	else if (!tied && process->tied)
		ties[process->group]--;
	process->tied = tied;
}

void pgrp_update_tie(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	set_tie(process, process->state == PROCESS_ALIVE && keeps(process->parent, process));
}

/*
 * Updates the ties of the process's children. They are visited from the first to the last, a few in
 * each hold of the lock. Meanwhile another process may set the ids again, and begin anew: then both
 * visit what is left. The process may be reaped, too. Call with process_tree_lock held.
 */
static void update_children(struct process *process)
{
	const struct process_id id = { process->pid, process->birth };
	struct children *children = &process->children;

	children->cursor = children->list.next;
	for (unsigned n = 1; children->cursor != &children->list; n++) {
		struct list *link = children->cursor;

		children->cursor = link->next;
		pgrp_update_tie(list_entry(link, struct process, child.link));
		if (n % CHILD_PIECE != 0)
			continue;
		process_tree_pause();
		if (!process_find_id(&id))
			return;
	}
}

/*
 * Moves the process to a group and a session. Its own tie and those of its children depend on these
 * ids. Call with process_tree_lock held; it is dropped if there are many children, and then the
 * process may be gone.
 */
static void set_ids(struct process *process, int group, int session)
{
	set_tie(process, false);
	pid_get(group);
	pid_put(process->group);
	pid_get(session);
	pid_put(process->session);
	child_set_group(process, group);
	process->session = session;
	process_join_group(process);
	pgrp_update_tie(process);
	update_children(process);
}

/* Whether the running process may move this one. Call with process_tree_lock held. */
static int check_move(const struct process *process, int group)
{
	const struct process *self = current_process();

	if (process->parent == self && process->session != self->session)
		return -EPERM;
	if (process->parent == self && process->did_exec)
		return -EACCES;
	if (process->parent != self && process != self)
		return -ESRCH;
	if (process->session == process->pid)
		return -EPERM;
	if (group != process->pid && !group_is_in(group, self->session))
		return -EPERM;
	return 0;
}

int pgrp_set(int pid, int group)
{
	struct process *process;
	int err = -ESRCH;

	group = group ? group : pid;
	if (group < 0)
		return -EINVAL;
	spin_lock(&process_tree_lock);
	process = find(pid);
	if (process) {
		group = group ? group : process->pid;
		err = check_move(process, group);
	}
	if (!err)
		set_ids(process, group, process->session);
	spin_unlock(&process_tree_lock);
	return err;
}

int pgrp_of(int pid)
{
	struct process *process;
	int group;

	spin_lock(&process_tree_lock);
	process = find(pid);
	group = process ? process->group : -ESRCH;
	spin_unlock(&process_tree_lock);
	return group;
}

int session_of(int pid)
{
	struct process *process;
	int session;

	spin_lock(&process_tree_lock);
	process = find(pid);
	session = process ? process->session : -ESRCH;
	spin_unlock(&process_tree_lock);
	return session;
}

int pgrp_own(void)
{
	int group;

	spin_lock(&process_tree_lock);
	group = current_process()->group;
	spin_unlock(&process_tree_lock);
	return group;
}

int session_create(void)
{
	struct process *process = current_process();
	int result = -EPERM;

	spin_lock(&process_tree_lock);
	if (!group_exists(process->pid)) {
		process->terminal = NULL;
		set_ids(process, process->pid, process->pid);
		result = process->pid;
	}
	spin_unlock(&process_tree_lock);
	return result;
}

bool pgrp_is_orphaned(int group)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	return ties[group] == 0;
}

static bool is_stopped(struct process *process, void *unused)
{
	return process->state == PROCESS_ALIVE && atomic_load(&process->signals.stopped);
}

/* Call with process_tree_lock held; it is dropped in between. */
static void wake_if_orphaned(int group)
{
	if (!pgrp_is_orphaned(group) || !process_visit_group(group, is_stopped, NULL))
		return;
	signal_send_group(group, SIGHUP);
	signal_send_group(group, SIGCONT);
	process_tree_pause(); /* there may be many such groups */
}

/* A child without a tie takes none away. A group is searched only when it loses its last tie. */
void pgrp_parent_gone(struct process *child)
{
	if (!child->tied)
		return;
	pgrp_update_tie(child);
	if (!child->tied)
		wake_if_orphaned(child->group);
}

void pgrp_member_ends(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (keeps(process->parent, process))
		wake_if_orphaned(process->group);
}
