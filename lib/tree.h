/* SPDX-License-Identifier: MIT */
/* An intrusive AVL tree, in which each node has the largest weight in its subtree. */
#pragma once

#include "lib/bits.h"

struct tree_node {
	struct tree_node *parent;
	struct tree_node *child[2]; /* left, right */
	int height;		    /* of its subtree; 1 for a leaf */
	uint64_t weight;	    /* the node's own number, chosen by the user of the tree */
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
 * Inserts node, with weight 0, at a place that the caller has found by going down from tree->root.
 * parent is the last node seen, or NULL if the tree is empty; *link is the empty link there:
 * &tree->root or &parent->child[0 or 1]. O(log n); cannot fail.
 */
void tree_insert(struct tree *tree, struct tree_node *node, struct tree_node *parent,
		 struct tree_node **link);

/* Makes node, whose weight is set, the only one of an empty tree. */
static inline void tree_insert_only(struct tree *tree, struct tree_node *node)
{
	node->parent = NULL;
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->height = 1;
	node->heaviest = node->weight;
	tree->root = node;
}

/* Is node, which is in the tree, the only one? */
static inline bool tree_is_only(const struct tree *tree, const struct tree_node *node)
{
	return tree->root == node && node->height == 1;
}

/* Removes node, which is in the tree. */
void tree_erase(struct tree *tree, struct tree_node *node);

/*
 * Inserts node, whose weight is set, between its neighbours; NULL if there is none on a side.
 * `changed` is `next` if its weight was changed too, else NULL: one way up the tree updates both.
 */
void tree_insert_between(struct tree *tree, struct tree_node *node, struct tree_node *prev,
			 struct tree_node *next, struct tree_node *changed);

/*
 * Copies the shape of a tree: call it for each node `like` of that, in order, with a new node whose weight is set, and the one
 * that was appended `last`, NULL at first. The tree can be searched meanwhile, and changed when all are copied: no height is
 * right before.
 */
void tree_append_like(struct tree *tree, struct tree_node *node, struct tree_node *last,
		      const struct tree_node *like);

/* As tree_erase(). `changed` is node's successor if its weight was changed too, else NULL. */
void tree_erase_changed(struct tree *tree, struct tree_node *node, struct tree_node *changed);

/*
 * Removes the first node without a look at balance and weights. From then on the tree can only be
 * searched, and emptied by this function.
 */
void tree_take_first(struct tree *tree, struct tree_node *first);

/* Changes the weight of a node in the tree. */
void tree_set_weight(struct tree *tree, struct tree_node *node, uint64_t weight);

/* The nodes in order; NULL at the end. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);

#define tree_entry(node, type, member) container_of(node, type, member)

/* tree_entry() of a node, or NULL if the node is NULL. */
#define tree_entry_or_null(node, type, member)                            \
	({                                                                \
		struct tree_node *tree_node_ = (node);                    \
		tree_node_ ? tree_entry(tree_node_, type, member) : NULL; \
	})

#define tree_for_each(node, tree) \
	for ((node) = tree_first(tree); (node) != NULL; (node) = tree_next(node))
