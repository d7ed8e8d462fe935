/* SPDX-License-Identifier: MIT */
/* Sorts the children of a process by what wait4 can report of them. */
#include "proc/children.h"

#include "abi/signal.h"
#include "base/os_layer.h"
#include "proc/pid.h"
#include "proc/process.h"

static uint64_t last_place; /* guarded by process_tree_lock */

static struct process *process_of(const struct tree_node *node)
{
	return container_of(node, struct process, child.node);
}

static inline struct tree *tree_for(const struct process *child, enum child_state state)
{
	return &child->parent->children.sorted[child->exit_signal != SIGCHLD][state];
}

/* Out of line, so that the next function, which seldom calls it, saves no registers. */
static __attribute__((noinline)) struct tree *tree_of_stopped(const struct process *child)
{
	if (!os_layer.traced_by_parent(child))
		return tree_for(child, CHILD_STOPPED);
	return tree_for(child, child->signals.continue_unreported ? CHILD_CONTINUED : CHILD_RUNS);
}

/* Returns the tree that the child belongs in. A stop changes only with process_tree_lock held. */
static struct tree *tree_of(const struct process *child)
{
	const struct signals *signals = &child->signals;
	enum child_state state = CHILD_RUNS;

	if (child->state == PROCESS_ZOMBIE)
		state = unlikely(child->end_withheld) ? CHILD_RUNS : CHILD_ENDED;
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
	return a->group != b->group ? a->group < b->group : a->child.place < b->child.place;
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
	tree_insert_between(tree, &child->child.node, prev, next, NULL);
}

/* Most parents have few children, each in another state. */
static inline void child_insert(struct tree *tree, struct process *child)
{
	child->child.in = tree;
	if (likely(tree_empty(tree)))
		tree_insert_only(tree, &child->child.node);
	else
		child_insert_among(tree, child);
}

static inline void erase(struct process *child)
{
	struct tree *tree = child->child.in;

	if (likely(tree_is_only(tree, &child->child.node)))
		tree_init(tree);
	else
		tree_erase(tree, &child->child.node);
}

void child_add(struct process *parent, struct process *child)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	child->parent = parent;
	child->child.place = ++last_place;
	child->child.node.weight = UINT64_MAX - child->child.place;
	list_add_tail(&parent->children.list, &child->child.link);
	child_insert(tree_of(child), child);
}

void child_remove(struct process *child)
{
	struct children *children;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!child->child.in)
		return;
	children = &child->parent->children;
	if (unlikely(children->cursor == &child->child.link))
		children->cursor = child->child.link.next;
	list_del(&child->child.link);
	erase(child);
	child->child.in = NULL;
}

void child_sort(struct process *child)
{
	struct tree *tree;

	if (!child->child.in)
		return;
	tree = tree_of(child);
	if (child->child.in == tree)
		return;
	assert_hardened(spin_lock_held(&process_tree_lock));
	erase(child);
	child_insert(tree, child);
}

void child_set_group(struct process *child, int group)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (child->child.in)
		erase(child);
	child->group = group;
	if (child->child.in)
		child_insert(child->child.in, child);
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
		if (process_of(node)->group < group) {
			node = node->child[1];
		} else {
			found = node;
			node = node->child[0];
		}
	}
	return found && process_of(found)->group == group ? found : NULL;
}

struct process *children_first(const struct tree *tree, int group)
{
	struct tree_node *node = group == -1 ? heaviest(tree) : first_of_group(tree, group);

	assert_hardened(spin_lock_held(&process_tree_lock));
	return node ? process_of(node) : NULL;
}
