/* SPDX-License-Identifier: MIT */
/* The balanced tree: order, balance and weights, at random against a naive model. */
#include <string.h>

#include "lib/tree.h"
#include "test.h"

#define KEYS 512

struct piece {
	struct tree_node node;
	uint64_t start;
	uint64_t weight; /* what the node's must be */
	bool in;
};

static struct piece pieces[KEYS];

static struct piece *piece_of(struct tree_node *node)
{
	return tree_entry_or_null(node, struct piece, node);
}

static uint64_t heaviest_of(struct tree_node *node)
{
	return node != NULL ? node->heaviest : 0;
}

static void insert(struct tree *tree, struct piece *piece)
{
	struct tree_node **link = &tree->root;
	struct tree_node *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		link = &parent->child[piece->start > piece_of(parent)->start];
	}
	tree_insert(tree, &piece->node, parent, link);
	tree_set_weight(tree, &piece->node, piece->weight);
	piece->in = true;
}

static struct piece *neighbour(struct piece *piece, int step)
{
	struct piece *at = piece;

	do
		at += step;
	while (at >= pieces && at < pieces + KEYS && !at->in);
	return at >= pieces && at < pieces + KEYS ? at : NULL;
}

/* Inserts a piece by its neighbours, of which the next may get another weight. */
static void insert_between(struct tree *tree, struct piece *piece)
{
	struct piece *prev = neighbour(piece, -1), *next = neighbour(piece, 1);
	bool changes = next && test_below(2);

	piece->node.weight = piece->weight;
	if (changes)
		next->node.weight = next->weight = test_below(1000);
	tree_insert_between(tree, &piece->node, prev ? &prev->node : NULL,
			    next ? &next->node : NULL, changes ? &next->node : NULL);
	piece->in = true;
}

/* Checks links, heights, order and weights of a subtree. Returns its height. */
static int check_subtree(struct tree_node *node, struct tree_node *parent)
{
	struct piece *piece = piece_of(node);
	int left, right;
	uint64_t heaviest;

	if (node == NULL)
		return 0;
	assert_ptr_equal(parent, node->parent);
	left = check_subtree(node->child[0], node);
	right = check_subtree(node->child[1], node);
	assert_in_range(left - right + 1, 0, 2);
	assert_int_equal(1 + (left > right ? left : right), node->height);
	assert_int_equal(piece->weight, node->weight);
	heaviest = MAX(heaviest_of(node->child[0]), heaviest_of(node->child[1]));
	assert_int_equal(MAX(heaviest, piece->weight), node->heaviest);
	return node->height;
}

static void check(struct tree *tree)
{
	struct tree_node *node = tree_first(tree);
	struct tree_node *before = NULL;

	check_subtree(tree->root, NULL);
	for (unsigned i = 0; i < KEYS; i++) {
		if (!pieces[i].in)
			continue;
		assert_ptr_equal(&pieces[i].node, node);
		assert_ptr_equal(before, tree_prev(node));
		before = node;
		node = tree_next(node);
	}
	assert_null(node);
	assert_ptr_equal(before, tree_last(tree));
}

static void reset(struct tree *tree)
{
	tree_init(tree);
	memset(pieces, 0x5a, sizeof(pieces));
	for (unsigned i = 0; i < KEYS; i++) {
		pieces[i].start = i * 10;
		pieces[i].weight = test_below(1000);
		pieces[i].in = false;
	}
}

TEST(empty)
{
	struct tree tree;

	tree_init(&tree);
	assert_true(tree_empty(&tree));
	assert_null(tree_first(&tree));
	assert_null(tree_last(&tree));
}

TEST(ascending_stays_low)
{
	struct tree tree;

	reset(&tree);
	for (unsigned i = 0; i < KEYS; i++)
		insert(&tree, &pieces[i]);
	check(&tree);
	/* AVL: at most 1.44 log2(n) */
	assert_true(tree.root->height <= 13);
	for (unsigned i = 0; i < KEYS; i++) {
		tree_erase(&tree, tree_first(&tree));
		pieces[i].in = false;
	}
	assert_true(tree_empty(&tree));
}

TEST(every_small_erase_order)
{
	struct tree tree;

	/* All orders in which six nodes can be inserted, each followed by an erase of each. */
	for (unsigned code = 0; code < 720; code++) {
		for (unsigned victim = 0; victim < 6; victim++) {
			unsigned left = code;

			reset(&tree);
			for (unsigned n = 6; n > 0; n--) {
				unsigned nth = left % n;
				unsigned i = 0;

				left /= n;
				while (pieces[i].in || nth-- > 0)
					i++;
				insert(&tree, &pieces[i]);
			}
			tree_erase(&tree, &pieces[victim].node);
			pieces[victim].in = false;
			check(&tree);
		}
	}
}

static void random_change(struct tree *tree)
{
	struct piece *piece = &pieces[test_below(KEYS)];

	if (!piece->in)
		return;
	piece->weight = test_below(1000);
	tree_set_weight(tree, &piece->node, piece->weight);
}

TEST(random_against_model)
{
	struct tree tree;

	reset(&tree);
	for (unsigned step = 0; step < test_steps(20000); step++) {
		struct piece *piece = &pieces[test_below(KEYS)];

		if (test_below(4) == 0) {
			random_change(&tree);
		} else if (piece->in) {
			tree_erase(&tree, &piece->node);
			piece->in = false;
		} else if (test_below(2)) {
			insert(&tree, piece);
		} else {
			insert_between(&tree, piece);
		}
		if (step % 16 == 0)
			check(&tree);
	}
	check(&tree);
}

/* A copy has the same shape, and meanwhile all that was copied is found in order, with the right weights. */
TEST(appended_like)
{
	static struct piece copies[KEYS];
	struct tree tree, copy;

	for (unsigned round = 0; round < 40; round++) {
		struct tree_node *like, *last = NULL, *node;
		unsigned n = 0;

		reset(&tree);
		tree_init(&copy);
		for (unsigned i = 0; i < round * round / 4; i++) {
			struct piece *piece = &pieces[test_below(KEYS)];

			if (!piece->in)
				insert(&tree, piece);
		}
		tree_for_each(like, &tree) {
			struct piece *piece = &copies[n++];
			unsigned found = 0;

			piece->start = piece_of(like)->start;
			piece->weight = piece->node.weight = like->weight;
			tree_append_like(&copy, &piece->node, last, like);
			last = &piece->node;
			tree_for_each(node, &copy)
				assert_ptr_equal(&copies[found++].node, node);
			assert_int_equal(n, found);
		}
		check_subtree(copy.root, NULL);
		assert_int_equal(tree.root ? tree.root->height : 0,
				 copy.root ? copy.root->height : 0);
	}
}

/* Taken apart from its first node on, it is in order all the time, and never higher than before. */
TEST(taken_first)
{
	struct tree tree;
	unsigned next = 0;

	reset(&tree);
	for (unsigned i = 0; i < KEYS; i++)
		insert(&tree, &pieces[(i * 37) % KEYS]);
	while (!tree_empty(&tree)) {
		struct tree_node *node = tree_first(&tree), *after = tree_next(node);

		assert_ptr_equal(&pieces[next].node, node);
		tree_take_first(&tree, node);
		assert_ptr_equal(after, tree_first(&tree));
		for (unsigned i = ++next; after != NULL; after = tree_next(after))
			assert_ptr_equal(&pieces[i++].node, after);
	}
	assert_int_equal(KEYS, next);
}

/* With weights that nobody sets, as most trees are. */
TEST(without_weights)
{
	struct tree tree;

	reset(&tree);
	for (unsigned i = 0; i < 100; i++) {
		pieces[(i * 37) % 100].weight = 0;
		insert(&tree, &pieces[(i * 37) % 100]);
	}
	for (unsigned i = 0; i < 100; i++) {
		struct tree_node *node = tree_first(&tree);

		assert_ptr_equal(&pieces[i].node, node);
		assert_int_equal(0, tree.root->heaviest);
		tree_erase(&tree, node);
	}
	assert_true(tree_empty(&tree));
}
