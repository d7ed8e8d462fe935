/* SPDX-License-Identifier: MIT */
/* Process groups and sessions. */
#pragma once

#include "linux/process/linux_process.h"

struct process;

/* setpgid(2). Returns 0, -EACCES (a child after its exec), -EINVAL, -EPERM or -ESRCH. */
int pgrp_set(int pid, int group);

/* getpgid(2) and getsid(2). pid 0 is the running process. Return the id or -ESRCH. */
int pgrp_of(int pid);
int session_of(int pid);

/* Returns the process group of the running process. */
int pgrp_own(void);

/* setsid(2). Returns the new session's id, or -EPERM if there is a group with the process's pid. */
int session_create(void);

/*
 * Whether the group is orphaned: no member has a parent in the same session but in another group,
 * so no process would continue it after a stop. Call with process_tree_lock held.
 */
bool pgrp_is_orphaned(int group);

/* Returns a list that contains the group's members among others, in the order in which they joined it. Call with process_tree_lock held. */
struct list *pgrp_bucket(int group);
/* Visits its members, as struct process. Call with process_tree_lock held. */
#define for_each_group_member(pos, id)                                           \
	for (struct list *node_ = pgrp_bucket(id)->next;                         \
	     node_ != pgrp_bucket(id) && ((pos) = pgrp_process_of(node_), true); \
	     node_ = node_->next)                                                \
		if (linux_process(pos)->group == (id))

static inline struct process *pgrp_process_of(struct list *node)
{
	return &list_entry(node, struct linux_process, group_link)->process;
}

/* Puts the process, whose group has just been set, among the members. Call with process_tree_lock held. */
void pgrp_join(struct process *process);

/*
 * Visits the group's members in the order in which they joined it, a few under each hold of the lock, until `visit` returns true;
 * returns whether it has. Processes that join meanwhile are visited too, at the end. A process that leaves and joins again
 * meanwhile is visited again. Call with process_tree_lock held; it is dropped in between.
 */
bool pgrp_visit(int group, bool (*visit)(struct process *process, void *arg), void *arg);

/*
 * Counts the process as one that qualifies its group for job control, or no longer, after its
 * parent or state changed. process_tree_lock must be held.
 */
void pgrp_update_jobc(struct process *process);

/*
 * Call when a member ends. Sends SIGHUP and SIGCONT to its group if that has become orphaned and has
 * a stopped member. Call with process_tree_lock held; it is dropped in between.
 */
void pgrp_member_ends(struct process *process);

#define PGRP_NONE (-1)

/*
 * Call when the process's parent has ended, after it got its new parent. Returns the process's group
 * if that has become orphaned; the caller gives it to pgrp_wake_stopped(). Else returns PGRP_NONE.
 * Call with process_tree_lock held.
 */
int pgrp_parent_gone(struct process *child);

/*
 * Sends SIGHUP and SIGCONT to an orphaned group if it has a stopped member. Call with
 * process_tree_lock held; it is dropped in between.
 */
void pgrp_wake_stopped(int group);
