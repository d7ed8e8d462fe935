/* SPDX-License-Identifier: MIT */
/* The pid table and the tree of processes. */
#pragma once

#include "proc/process.h"

/*
 * One lock for pids, the tree of parents and children, and their states. Held briefly; the order is
 * this, then a process's signals, then run queues.
 */
extern struct spinlock process_tree_lock;

/*
 * A new process (slab memory, pid, no thread), unknown to others but for its pid. NULL: *err_ret
 * says why.
 */
struct process *process_alloc(int *err_ret);
/* Frees one that was never published, or was reaped. */
void process_free(struct process *process);

/*
 * Makes the new one a child that others can find, in its parent's group and session, and lets it
 * run, in one: it may end, and be buried, at any time from then on.
 */
void process_publish(struct process *parent, struct process *child);
/* The first half of that. => process_tree_lock held until the child's thread is woken */
void process_publish_locked(struct process *parent, struct process *child);
/*
 * The same, of whoever is the sibling's parent at that moment, in the sibling's group. It tells its
 * end as the sibling does. => process_tree_lock held
 */
void process_publish_sibling_locked(struct process *sibling, struct process *child);

/* The living or zombie process of that pid; NULL. => process_tree_lock held */
struct process *process_find(int pid);

/*
 * Some of the children of a process that ends become process 1's, those that have ended already wait for it now: true
 * where none is left. Their groups may be orphaned by that (pgrp_parent_gone()). => process_tree_lock held
 */
bool process_orphan_some(struct process *process, struct process *init);

/* A list of processes, the members of the group among them, in the order in which they came to it. => process_tree_lock held */
struct list *process_group_bucket(int group);
#define for_each_group_member(process, id)                                 \
	list_for_each_entry(process, process_group_bucket(id), group_link) \
		if ((process)->group == (id))

/*
 * A pid that names a group or session is nobody else's as long as it does. 0 names none. => process_tree_lock
 * held
 */
void pid_get(int id);
void pid_put(int id);

/* All processes by age, linked by process->all: for those who have the kernel for themselves. => process_tree_lock held */
extern struct list process_list;

/*
 * All processes, in no order, a few for each time that the lock is held. Those that are made meanwhile are visited too,
 * at the end; none is visited twice. What `visit` remembers of one may be gone when this has come back. => process_tree_lock
 * held, and dropped in between
 */
void process_visit_all(void (*visit)(struct process *process, void *arg), void *arg);

/* It is no longer on its parent's list of children. => process_tree_lock held */
void process_leave_parent(struct process *process);

/* Has every other process ended? => process_tree_lock held */
bool process_is_last(void);

/* process->state = PROCESS_ZOMBIE. => process_tree_lock held */
void process_set_zombie(struct process *process);

/* Drops the lock for a moment. => process_tree_lock held; false: a child has left the list meanwhile */
bool process_pause_at_child(const struct process *parent);
#define CHILD_PIECE 128u

/*
 * The next of a process's children; child == NULL: the first. After every few of them the lock is dropped for a moment.
 * NULL: that was the last, or, *again being set, one has left the list meanwhile: begin again. => process_tree_lock held; the
 * parent is the running process, or the caller sets *n to 0 after each, and the lock is kept
 */
static inline struct process *process_next_child(struct process *parent, struct process *child,
						 unsigned *n, bool *again)
{
	struct list *next = child ? child->sibling.next : parent->children.next;

	*again = false;
	if (unlikely(++*n % CHILD_PIECE == 0)) {
		*again = !process_pause_at_child(parent);
		if (*again)
			return NULL;
		next = child ? child->sibling.next : parent->children.next;
	}
	return next == &parent->children ? NULL : list_entry(next, struct process, sibling);
}
