/* SPDX-License-Identifier: MIT */
/* Balances the intrusive tree, and keeps the largest weight of each subtree. */
#include "lib/tree.h"

static int tree_height(const struct tree_node *node)
{
	return node != NULL ? node->height : 0;
}

/* By how much is the right subtree higher than the left one? Negative if it is lower. */
static int tree_lean(const struct tree_node *node)
{
	return tree_height(node->child[1]) - tree_height(node->child[0]);
}

static uint64_t tree_heaviest(const struct tree_node *node)
{
	return node != NULL ? node->heaviest : 0;
}

/* Returns true if values have changed on which the parent depends. */
static inline bool tree_recompute(struct tree_node *node)
{
	const struct tree_node *left = node->child[0], *right = node->child[1];
	int height = 1 + MAX(tree_height(left), tree_height(right));
	uint64_t heaviest = MAX(node->weight, MAX(tree_heaviest(left), tree_heaviest(right)));
	bool changed = height != node->height || heaviest != node->heaviest;

	node->height = height;
	node->heaviest = heaviest;
	return changed;
}

/* Returns the link that points to node. */
static struct tree_node **tree_link(struct tree *tree, const struct tree_node *node)
{
	struct tree_node *parent = node->parent;

	if (parent == NULL)
		return &tree->root;
	return &parent->child[parent->child[1] == node];
}

static void tree_set_child(struct tree_node *parent, int side, struct tree_node *child)
{
	parent->child[side] = child;
	if (child != NULL)
		child->parent = parent;
}

/*
 * Rotates: the child opposite to `side` comes up, and node goes down to `side`. Recomputes both.
 * Returns the new top.
 */
static struct tree_node *tree_rotate(struct tree *tree, struct tree_node *node, int side)
{
	struct tree_node **link = tree_link(tree, node);
	struct tree_node *up = node->child[!side];

	*link = up;
	up->parent = node->parent;
	tree_set_child(node, !side, up->child[side]);
	tree_set_child(up, side, node);
	tree_recompute(node);
	tree_recompute(up);
	return up;
}

/* Balances a node whose subtrees differ by two in height. Returns the new top. */
static struct tree_node *tree_balance(struct tree *tree, struct tree_node *node)
{
	int heavy = tree_lean(node) > 0;
	int inner = tree_lean(node->child[heavy]);

	if (heavy ? inner < 0 : inner > 0)
		tree_rotate(tree, node->child[heavy], heavy);
	return tree_rotate(tree, node, !heavy);
}

/*
 * Where a way up the tree stopped: at a node out of balance, or (NULL) because all above is right.
 */
struct tree_stop {
	struct tree_node *node;
	struct tree_node *at_least; /* must still be passed; NULL: was passed */
};

/* Recomputes from node up while anything changes, but at least to `at_least`. */
static inline struct tree_stop tree_climb(struct tree_node *node, struct tree_node *at_least)
{
	while (node != NULL) {
		int lean = tree_lean(node);
		bool changed;

		if (lean < -1 || lean > 1)
			break;
		changed = tree_recompute(node);
		if (node == at_least)
			at_least = NULL;
		if (!changed && at_least == NULL)
			return (struct tree_stop){ NULL, NULL };
		node = node->parent;
	}
	return (struct tree_stop){ node, at_least };
}

/*
 * Rotates and recomputes upwards from a node out of balance. (A function of its own, because most updates
 * need no rotation.)
 */
static __attribute__((noinline)) void tree_rebalance(struct tree *tree, struct tree_stop stop)
{
	do {
		struct tree_node *top = tree_balance(tree, stop.node);

		if (stop.node == stop.at_least)
			stop.at_least = NULL;
		stop = tree_climb(top->parent, stop.at_least);
	} while (stop.node != NULL);
}

/* Recomputes and balances from node up while anything changes, but at least to `at_least`. */
static void tree_fix(struct tree *tree, struct tree_node *node, struct tree_node *at_least)
{
	struct tree_stop stop = tree_climb(node, at_least);

	if (stop.node != NULL)
		tree_rebalance(tree, stop);
}

/*
 * As tree_insert(), but keeps the weight. `changed`: node or one above with a new weight, or NULL.
 */
static void tree_attach(struct tree *tree, struct tree_node *node, struct tree_node *parent,
			struct tree_node **link, struct tree_node *changed)
{
	node->parent = parent;
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->height = 0;
	*link = node;
	tree_fix(tree, node, changed);
}

void tree_insert(struct tree *tree, struct tree_node *node, struct tree_node *parent,
		 struct tree_node **link)
{
	node->weight = 0;
	tree_attach(tree, node, parent, link, node);
}

/* One of two neighbours is above the other in the tree, and has no child on that side. */
void tree_insert_between(struct tree *tree, struct tree_node *node, struct tree_node *prev,
			 struct tree_node *next, struct tree_node *changed)
{
	if (next != NULL && next->child[0] == NULL)
		tree_attach(tree, node, next, &next->child[0], changed);
	else if (prev != NULL)
		tree_attach(tree, node, prev, &prev->child[1], changed);
	else
		tree_attach(tree, node, NULL, &tree->root, changed);
}

void tree_append_like(struct tree *tree, struct tree_node *node, struct tree_node *last,
		      const struct tree_node *like)
{
	struct tree_node *left = NULL, *above = last;

	if (like->child[0] != NULL) { /* all that has come since `above` is on the left */
		left = last;
		for (const struct tree_node *n = like->child[0]; n->child[1] != NULL;
		     n = n->child[1])
			left = left->parent;
		above = left->parent;
		left->parent = node;
	}
	node->parent = above;
	node->child[0] = left;
	node->child[1] = NULL;
	node->height = like->height;
	node->heaviest = MAX(node->weight, tree_heaviest(left));
	if (above != NULL)
		above->child[1] = node;
	else
		tree->root = node;
	for (; above != NULL && above->heaviest < node->heaviest; above = above->parent)
		above->heaviest = node->heaviest;
}

void tree_erase_changed(struct tree *tree, struct tree_node *node, struct tree_node *changed)
{
	struct tree_node **link = tree_link(tree, node);
	struct tree_node *next;
	struct tree_node *lowest;

	if (node->child[0] == NULL || node->child[1] == NULL) {
		struct tree_node *only = node->child[node->child[0] == NULL];

		*link = only;
		if (only != NULL) {
			only->parent = node->parent;
			tree_recompute(only); /* its weight may be the one that was changed */
		}
		tree_fix(tree, node->parent, changed != only ? changed : NULL);
		return;
	}
	/* The node's successor, which has no left child, takes its place. */
	next = tree_next(node);
	lowest = next;
	/* gcc-analyzer-suppress null-dereference ; with two children, there is a next node */
	if (next->parent != node) {
		lowest = next->parent;
		tree_set_child(lowest, 0, next->child[1]);
		tree_set_child(next, 1, node->child[1]);
	}
	tree_set_child(next, 0, node->child[0]);
	/* gcc-analyzer-suppress null-dereference ; with two children, there is a next node */
	next->parent = node->parent;
	next->height = 0; /* so that the parent is recomputed in any case */
	*link = next;
	tree_fix(tree, lowest, next);
}

void tree_take_first(struct tree *tree, struct tree_node *first)
{
	struct tree_node *above = first->parent, *below = first->child[1];

	if (above != NULL)
		above->child[0] = below;
	else
		tree->root = below;
	if (below != NULL)
		below->parent = above;
}

void tree_erase(struct tree *tree, struct tree_node *node)
{
	tree_erase_changed(tree, node, NULL);
}

void tree_set_weight(struct tree *tree, struct tree_node *node, uint64_t weight)
{
	if (node->weight == weight)
		return;
	node->weight = weight;
	tree_fix(tree, node, NULL);
}

static struct tree_node *tree_end(struct tree_node *node, int side)
{
	while (node != NULL && node->child[side] != NULL)
		node = node->child[side];
	return node;
}

/* Returns the neighbour in the order on that side. */
static struct tree_node *tree_neighbour(const struct tree_node *node, int side)
{
	if (node->child[side] != NULL)
		return tree_end(node->child[side], !side);
	while (node->parent != NULL && node->parent->child[side] == node)
		node = node->parent;
	return node->parent;
}

struct tree_node *tree_first(const struct tree *tree)
{
	return tree_end(tree->root, 0);
}

struct tree_node *tree_last(const struct tree *tree)
{
	return tree_end(tree->root, 1);
}

struct tree_node *tree_next(const struct tree_node *node)
{
	return tree_neighbour(node, 1);
}

struct tree_node *tree_prev(const struct tree_node *node)
{
	return tree_neighbour(node, 0);
}
