/* SPDX-License-Identifier: MIT */
/* Finds free addresses: top-down, first fit. */
#include "abi/errno.h"
#include "mm/space.h"
#include "mm/vma.h"

static struct vma *vma_of(struct tree_node *node)
{
	return tree_entry(node, struct vma, node);
}

static bool has_room(struct tree_node *node, size_t len)
{
	return node && node->heaviest >= len;
}

/* The highest VMA in a subtree with such a gap below it. => there is one */
static struct vma *highest_in(struct tree_node *node, size_t len)
{
	for (;;) {
		if (has_room(node->child[1], len))
			node = node->child[1];
		else if (node->weight >= len)
			return vma_of(node);
		else
			node = node->child[0];
	}
}

/* The highest VMA at or below `vma` with such a gap below it; NULL. */
static struct vma *highest_up_to(struct vma *vma, size_t len)
{
	struct tree_node *node = &vma->node;

	if (node->weight >= len)
		return vma;
	for (;;) {
		struct tree_node *child = node;

		if (has_room(node->child[0], len))
			return highest_in(node->child[0], len);
		do {
			child = node;
			node = node->parent;
			if (!node)
				return NULL;
		} while (node->child[0] == child);
		if (node->weight >= len)
			return vma_of(node);
	}
}

int vma_find_gap(struct space *space, size_t len, vaddr_t top, vaddr_t *start_ret)
{
	struct vma *below = vma_last_below(space, top);
	struct vma *above = below ? vma_next(below) : vma_first(space);
	vaddr_t floor = below ? below->end : USER_BASE;

	/* The one gap that `top` may cut. */
	if (above)
		top = MIN(top, vma_start_gap(above));
	if (top >= floor && top - floor >= len) {
		*start_ret = top - len;
		return 0;
	}
	below = below ? highest_up_to(below, len) : NULL;
	if (!below)
		return -ENOMEM;
	*start_ret = vma_start_gap(below) - len;
	return 0;
}
