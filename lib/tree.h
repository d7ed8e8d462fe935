/* An intrusive balanced (AVL) tree, augmentable: each node may keep a summary of its subtree. */
#pragma once

#include "lib/bits.h"

struct tree_node {
	struct tree_node *parent;
	struct tree_node *child[2]; /* left, right */
	int height;		    /* of its subtree; a leaf's is 1 */
};

/*
 * Recomputes the summary of a node from its own data and its children's summaries.
 * => true when it is another than before: the node's parent is asked next
 */
typedef bool (*tree_update_fn)(struct tree_node *node);

struct tree {
	struct tree_node *root;
	tree_update_fn update; /* NULL: nodes keep no summary */
};

/* Makes an empty tree. */
static inline void tree_init(struct tree *tree, tree_update_fn update)
{
	tree->root = NULL;
	tree->update = update;
}

static inline bool tree_empty(const struct tree *tree)
{
	return tree->root == NULL;
}

/*
 * Inserts node at a place that the caller has found by going down from tree->root:
 * => parent is the last node seen (NULL: the tree is empty), *link the empty &tree->root or
 *    &parent->child[0 or 1]
 * All summaries are right afterwards. O(log n), cannot fail.
 */
void tree_insert(struct tree *tree, struct tree_node *node, struct tree_node *parent,
		 struct tree_node **link);

/* Takes node out. => node is in the tree */
void tree_erase(struct tree *tree, struct tree_node *node);

/*
 * Inserts node between its neighbours, NULL where there is none on a side. The data of `next` may
 * have changed too: one way up does for both.
 */
void tree_insert_between(struct tree *tree, struct tree_node *node, struct tree_node *prev,
			 struct tree_node *next);

/* tree_erase() where the data of node's successor, or NULL, has changed too. */
void tree_erase_changed(struct tree *tree, struct tree_node *node, struct tree_node *changed);

/* Puts `new` in the place of `old`: same order, same neighbours. */
void tree_replace(struct tree *tree, struct tree_node *old, struct tree_node *new);

/* Call it after the data that node's summary rests on has changed. */
void tree_changed(struct tree *tree, struct tree_node *node);

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
