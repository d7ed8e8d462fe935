/* SPDX-License-Identifier: MIT */
/* Sorts the children of a process by what wait4 can report of them. */
#include "linux/process/children.h"

#include "abi/signal.h"
#include "linux/process/linux_process.h"
#include "linux/ptrace/ptrace.h"
#include "proc/pid.h"
#include "proc/process.h"

static uint64_t last_place; /* guarded by process_tree_lock */

static struct process *process_of(const struct tree_node *node)
{
	return &container_of(node, struct linux_process, child.node)->process;
}

static inline struct tree *tree_for(const struct process *child, enum child_state state)
{
	return &linux_process(child->parent)
			->children.sorted[linux_process(child)->exit_signal != SIGCHLD][state];
}

/* Out of line, so that the next function, which seldom calls it, saves no registers. */
static __attribute__((noinline)) struct tree *tree_of_stopped(const struct process *child)
{
	if (!ptrace_by_parent(child))
		return tree_for(child, CHILD_STOPPED);
	return tree_for(child, linux_process(child)->signals.continue_unreported ? CHILD_CONTINUED
										 : CHILD_RUNS);
}

/* Returns the tree that the child belongs in. A stop changes only with process_tree_lock held. */
static struct tree *tree_of(const struct process *child)
{
	const struct signals *signals = &linux_process(child)->signals;
	enum child_state state = CHILD_RUNS;

	if (child->state == PROCESS_ZOMBIE)
		state = unlikely(linux_process(child)->end_withheld) ? CHILD_RUNS : CHILD_ENDED;
	else if (child->state != PROCESS_ALIVE || signals_ending(signals))
		state = CHILD_RUNS;
	else if (unlikely(signals->stop_unreported))
		return tree_of_stopped(child);
	else if (signals->continue_unreported)
		state = CHILD_CONTINUED;
	return tree_for(child, state);
}

static bool child_is_before(const struct process *a, const struct process *b)
{
	const struct linux_process *own = linux_process(a);

	return own->group != linux_process(b)->group
		       ? own->group < linux_process(b)->group
		       : own->child.place < linux_process(b)->child.place;
}

/* Inserts the child at its place among others. */
static __attribute__((noinline)) void child_insert_among(struct tree *tree, struct process *child)
{
	struct tree_node *prev = NULL, *next = NULL, *node = tree->root;

	while (node) {
		if (child_is_before(process_of(node), child)) {
			prev = node;
			node = node->child[1];
		} else {
			next = node;
			node = node->child[0];
		}
	}
	tree_insert_between(tree, &linux_process(child)->child.node, prev, next, NULL);
}

/* Most parents have few children, each in another state. */
static inline void child_insert(struct tree *tree, struct process *child)
{
	linux_process(child)->child.in = tree;
	if (likely(tree_empty(tree)))
		tree_insert_only(tree, &linux_process(child)->child.node);
	else
		child_insert_among(tree, child);
}

static inline void erase(struct process *child)
{
	struct linux_process *own = linux_process(child);
	struct tree *tree = own->child.in;

	if (likely(tree_is_only(tree, &own->child.node)))
		tree_init(tree);
	else
		tree_erase(tree, &own->child.node);
}

void child_add(struct process *parent, struct process *child)
{
	struct linux_process *own = linux_process(child);

	assert_hardened(spin_lock_held(&process_tree_lock));
	process_adopt(parent, child);
	own->child.place = ++last_place;
	own->child.node.weight = UINT64_MAX - own->child.place;
	child_insert(tree_of(child), child);
}

void child_remove(struct process *child)
{
	struct children *children;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!linux_process(child)->child.in)
		return;
	children = &linux_process(child->parent)->children;
	if (unlikely(children->cursor == &child->sibling))
		children->cursor = child->sibling.next;
	list_del(&child->sibling);
	erase(child);
	linux_process(child)->child.in = NULL;
}

void child_sort(struct process *child)
{
	struct tree *tree;

	if (!linux_process(child)->child.in)
		return;
	tree = tree_of(child);
	if (linux_process(child)->child.in == tree)
		return;
	assert_hardened(spin_lock_held(&process_tree_lock));
	erase(child);
	child_insert(tree, child);
}

void child_set_group(struct process *child, int group)
{
	struct linux_process *own = linux_process(child);

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (own->child.in)
		erase(child);
	own->group = group;
	if (own->child.in)
		child_insert(own->child.in, child);
}

/* Returns the node with the largest weight. */
static struct tree_node *heaviest(const struct tree *tree)
{
	struct tree_node *node = tree->root;

	while (node && node->weight != node->heaviest)
		node = node->child[!node->child[0] || node->child[0]->heaviest != node->heaviest];
	return node;
}

/* Returns the first node of the group. */
static struct tree_node *first_of_group(const struct tree *tree, int group)
{
	struct tree_node *found = NULL, *node = tree->root;

	while (node) {
		if (linux_process(process_of(node))->group < group) {
			node = node->child[1];
		} else {
			found = node;
			node = node->child[0];
		}
	}
	return found && linux_process(process_of(found))->group == group ? found : NULL;
}

struct process *children_first(const struct tree *tree, int group)
{
	struct tree_node *node = group == -1 ? heaviest(tree) : first_of_group(tree, group);

	assert_hardened(spin_lock_held(&process_tree_lock));
	return node ? process_of(node) : NULL;
}
