/* SPDX-License-Identifier: MIT */
/* An intrusive balanced (AVL) tree, in which each node knows the largest number in its subtree. */
#pragma once

#include "lib/bits.h"

struct tree_node {
	struct tree_node *parent;
	struct tree_node *child[2]; /* left, right */
	int height;		    /* of its subtree; a leaf's is 1 */
	uint64_t weight;	    /* the node's own number, its user's to choose */
	uint64_t heaviest;	    /* the largest weight in its subtree */
};

struct tree {
	struct tree_node *root;
};

/* Makes an empty tree. */
static inline void tree_init(struct tree *tree)
{
	tree->root = NULL;
}

static inline bool tree_empty(const struct tree *tree)
{
	return tree->root == NULL;
}

/*
 * Inserts node at a place that the caller has found by going down from tree->root:
 * => parent is the last node seen (NULL: the tree is empty), *link the empty &tree->root or
 *    &parent->child[0 or 1]
 * Its weight is 0. O(log n), cannot fail.
 */
void tree_insert(struct tree *tree, struct tree_node *node, struct tree_node *parent,
		 struct tree_node **link);

/* Takes node out. => node is in the tree */
void tree_erase(struct tree *tree, struct tree_node *node);

/*
 * Inserts node, its weight set, between its neighbours, NULL where there is none on a side.
 * changed: `next` where its weight was set anew too, or NULL: one way up does for both.
 */
void tree_insert_between(struct tree *tree, struct tree_node *node, struct tree_node *prev,
			 struct tree_node *next, struct tree_node *changed);

/* tree_erase() where the weight of node's successor, or NULL, was set anew too. */
void tree_erase_changed(struct tree *tree, struct tree_node *node, struct tree_node *changed);

/* Puts `new`, its weight set, in the place of `old`: same order, same neighbours. */
void tree_replace(struct tree *tree, struct tree_node *old, struct tree_node *new);

/* => node is in the tree */
void tree_set_weight(struct tree *tree, struct tree_node *node, uint64_t weight);

/* In order; NULL at the end. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);

#define tree_entry(node, type, member) container_of(node, type, member)

/* The same for a node that may be NULL. */
#define tree_entry_or_null(node, type, member)                            \
	({                                                                \
		struct tree_node *tree_node_ = (node);                    \
		tree_node_ ? tree_entry(tree_node_, type, member) : NULL; \
	})

#define tree_for_each(node, tree) \
	for ((node) = tree_first(tree); (node) != NULL; (node) = tree_next(node))
