/* SPDX-License-Identifier: MIT */
/* A process's children, sorted by what wait4 can report of them. */
#pragma once

#include "lib/list.h"
#include "lib/tree.h"

struct process;

/* What wait4 can report of a child. */
enum child_state {
	CHILD_RUNS, /* nothing: it runs, or its stop or continuation has been reported */
	CHILD_STOPPED,
	CHILD_CONTINUED,
	CHILD_ENDED,
};
#define CHILD_STATES (CHILD_ENDED + 1u)

/* Part of struct linux_process: the children by what can be reported. Guarded by process_tree_lock. All zeros if empty. */
struct children {
	/*
	 * Each child is in one of these trees, by its process group and then by its place. [0] is for
	 * children whose exit signal is SIGCHLD, [1] for the others (__WCLONE). The weight of a node
	 * grows as its place shrinks, so a tree knows its first child in any group.
	 */
	struct tree sorted[2][CHILD_STATES];
	struct list *cursor; /* the next child to be counted anew in jobc[]; see linux/job/pgrp.c */
};

/* Part of struct linux_process: its place among its parent's children. Guarded by process_tree_lock. */
struct child {
	struct tree_node node;
	uint64_t place;	 /* serial number: later children have larger ones */
	struct tree *in; /* the tree that has the node; NULL: it has no parent */
};

/*
 * All functions: call with process_tree_lock held. They take time in proportion to the logarithm of
 * the number of children.
 */

/* Makes `child`, whose group, exit signal and state are set, the last child of `parent`. */
void child_add(struct process *parent, struct process *child);

/* Removes the child from its parent's children; child->parent stays as it is. */
void child_remove(struct process *child);

/* Sorts the child anew. Call when its state, a stop or its exit signal has changed. */
void child_sort(struct process *child);

/* Moves the process to another group; it may have no parent. */
void child_set_group(struct process *child, int group);

/* Returns the first child of one of the trees, in one group or in any (-1), or NULL. */
struct process *children_first(const struct tree *tree, int group);
