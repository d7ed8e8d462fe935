/* SPDX-License-Identifier: MIT */
/* Process groups and sessions. */
#include "linux/job/pgrp.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "linux/process/children.h"
#include "linux/process/linux_process.h"
#include "linux/signal/kill.h"
#include "proc/pid.h"
#include "linux/process/thread_id.h"

/* How many children are visited in one hold of process_tree_lock. */
#define CHILD_PIECE   64u
#define GROUP_BUCKETS 256

/* guarded by process_tree_lock: */
static struct list by_group[GROUP_BUCKETS]; /* heads are initialized at first use */
static uint64_t joins;

struct list *pgrp_bucket(int group)
{
	struct list *head = &by_group[(unsigned)group % GROUP_BUCKETS];

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!head->next)
		list_init(head);
	return head;
}

void pgrp_join(struct process *process)
{
	struct linux_process *own = linux_process(process);

	assert_hardened(spin_lock_held(&process_tree_lock));
	list_del(&own->group_link);
	list_add_tail(pgrp_bucket(own->group), &own->group_link);
	own->joined = ++joins;
}

bool pgrp_visit(int group, bool (*visit)(struct process *process, void *arg), void *arg)
{
	struct list *head = pgrp_bucket(group);
	uint64_t before = joins, last = 0;
	struct linux_process *own;
	struct process *process;
	enum visit_next next;
	struct process_id id;
	unsigned n = 0;

again:
	list_for_each_entry(own, head, group_link) {
		if (own->joined <= last)
			continue;
visit:
		process = &own->process;
		last = own->joined;
		if (own->group == group && visit(process, arg))
			return true;
		next = process_visit_next(&n);
		if (next == VISIT_ON || (next == VISIT_PAUSED && last >= before))
			continue;
		id = (struct process_id){ process->pid, process->birth };
		process_tree_pause();
		process = process_find_id(&id);
		if (!process || linux_process(process)->joined != last)
			goto again; /* it has left; the bucket is in the order of `joined` */
		if (next == VISIT_PAUSED_AGAIN)
			goto visit;
	}
	return false;
}

/* Call with process_tree_lock held. */
static struct process *pgrp_find_process(int pid)
{
	return pid ? process_find_any(pid) : current_process();
}

/* Whether the group exists and is in that session. Call with process_tree_lock held. */
static bool group_is_in(int group, int session)
{
	struct process *process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for_each_group_member(process, group)
		return linux_process(process)->session == session;
	return false;
}

/* Call with process_tree_lock held. */
static bool group_exists(int group)
{
	struct process *process;

	assert_hardened(spin_lock_held(&process_tree_lock));
	for_each_group_member(process, group)
		return true;
	return false;
}

/*
 * For each group, the number of members that qualify it for job control, as pg_jobc in BSD: living
 * members whose parent is in the same session but in another group. Such a parent can continue the
 * group after a stop. A group whose count is 0 is orphaned. Guarded by process_tree_lock.
 */
static uint16_t jobc[PID_MAX];
_Static_assert(PROCESS_COUNT_MAX <= UINT16_MAX, "jobc[] can count each process");

/* Whether the child qualifies its group because of this parent. Call with process_tree_lock held. */
static bool qualifies(const struct process *parent, const struct process *child)
{
	return parent && parent->pid != PID_INIT &&
	       linux_process(parent)->session == linux_process(child)->session &&
	       linux_process(parent)->group != linux_process(child)->group;
}

static void set_in_jobc(struct process *process, bool in_jobc)
{
	struct linux_process *own = linux_process(process);

	if (in_jobc && !own->in_jobc)
		jobc[own->group]++;
	else if (!in_jobc && own->in_jobc)
		jobc[own->group]--;
	own->in_jobc = in_jobc;
}

void pgrp_update_jobc(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	set_in_jobc(process,
		    process->state == PROCESS_ALIVE && qualifies(process->parent, process));
}

/*
 * Updates jobc[] for the process's children. They are visited from the first to the last, a few in
 * each hold of the lock. Between two holds another process may set the ids again and restart the
 * visit: then both visit the children that are left. The process may also be reaped meanwhile. Call
 * with process_tree_lock held.
 */
static void update_children(struct process *process)
{
	const struct process_id id = { process->pid, process->birth };
	struct children *children = &linux_process(process)->children;

	children->cursor = process->children.next;
	for (unsigned n = 1; children->cursor != &process->children; n++) {
		struct list *link = children->cursor;

		children->cursor = link->next;
		pgrp_update_jobc(list_entry(link, struct process, sibling));
		if (n % CHILD_PIECE != 0)
			continue;
		process_tree_pause();
		if (!process_find_id(&id))
			return;
	}
}

/* Which group of that number: the one that is there, or one that the process founds. Call with process_tree_lock held. */
static uint32_t birth_of_group(const struct process *founder, int group)
{
	const struct process *process;

	for_each_group_member(process, group)
		return linux_process(process)->signals.group_birth;
	return (uint32_t)founder->birth;
}

/*
 * Moves the process to a group and a session. Whether it and its children are counted in jobc[]
 * depends on these ids. Call with process_tree_lock held; it is dropped if there are many children,
 * and then the process may be gone.
 */
static void pgrp_set_ids(struct process *process, int group, int session)
{
	struct linux_process *own = linux_process(process);

	assert_hardened(spin_lock_held(&process_tree_lock));
	set_in_jobc(process, false);
	pid_get(group);
	pid_put(own->group);
	pid_get(session);
	pid_put(own->session);
	own->signals.group_birth = birth_of_group(process, group);
	child_set_group(process, group);
	own->session = session;
	pgrp_join(process);
	pgrp_update_jobc(process);
	update_children(process);
}

/* Whether the running process may move this one. Call with process_tree_lock held. */
static int check_move(const struct process *process, int group)
{
	const struct linux_process *own = linux_process(process);
	const struct process *self = current_process();

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (process->parent == self && own->session != linux_process(self)->session)
		return -EPERM;
	if (process->parent == self && own->has_execed)
		return -EACCES;
	if (process->parent != self && process != self)
		return -ESRCH;
	if (own->session == process->pid)
		return -EPERM;
	if (group != process->pid && !group_is_in(group, linux_process(self)->session))
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
	process = pgrp_find_process(pid);
	if (process) {
		group = group ? group : process->pid;
		err = pid && pid != process->pid ? -EINVAL : check_move(process, group);
	}
	if (!err)
		pgrp_set_ids(process, group, linux_process(process)->session);
	spin_unlock(&process_tree_lock);
	return err;
}

int pgrp_of(int pid)
{
	struct process *process;
	int group;

	spin_lock(&process_tree_lock);
	process = pgrp_find_process(pid);
	group = process ? linux_process(process)->group : -ESRCH;
	spin_unlock(&process_tree_lock);
	return group;
}

int session_of(int pid)
{
	struct process *process;
	int session;

	spin_lock(&process_tree_lock);
	process = pgrp_find_process(pid);
	session = process ? linux_process(process)->session : -ESRCH;
	spin_unlock(&process_tree_lock);
	return session;
}

int pgrp_own(void)
{
	int group;

	spin_lock(&process_tree_lock);
	group = current_linux_process()->group;
	spin_unlock(&process_tree_lock);
	return group;
}

int session_create(void)
{
	struct process *process = current_process();
	int result = -EPERM;

	spin_lock(&process_tree_lock);
	if (!group_exists(process->pid)) {
		linux_process(process)->terminal = NULL;
		pgrp_set_ids(process, process->pid, process->pid);
		result = process->pid;
	}
	spin_unlock(&process_tree_lock);
	return result;
}

bool pgrp_is_orphaned(int group)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	return jobc[group] == 0;
}

static bool is_stopped(struct process *process, void *unused)
{
	return process->state == PROCESS_ALIVE &&
	       atomic_load(&linux_process(process)->signals.stopped);
}

void pgrp_wake_stopped(int group)
{
	if (!pgrp_visit(group, is_stopped, NULL))
		return;
	signal_send_group(group, SIGHUP);
	signal_send_group(group, SIGCONT);
	process_tree_pause(); /* there may be many such groups */
}

/* The new parent may be in the child's session, too: then it qualifies the group as the old one did. */
int pgrp_parent_gone(struct process *child)
{
	struct linux_process *own = linux_process(child);
	bool counted = own->in_jobc;

	assert_hardened(spin_lock_held(&process_tree_lock));
	pgrp_update_jobc(child);
	return counted && pgrp_is_orphaned(own->group) ? own->group : PGRP_NONE;
}

void pgrp_member_ends(struct process *process)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (qualifies(process->parent, process) && pgrp_is_orphaned(linux_process(process)->group))
		pgrp_wake_stopped(linux_process(process)->group);
}
