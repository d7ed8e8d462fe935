/* SPDX-License-Identifier: MIT */
/* Inserts new pages into the index of an object. */
#include "abi/errno.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/object/page_insert.h"
#include "mm/phys/kmalloc.h"
#include "mm/space/commit.h"

static SLAB_CACHE(node_cache, struct radix_node);

void object_nodes_free(struct radix_spare *spare)
{
	struct radix_node *node;

	while ((node = radix_spare_take(spare)))
		slab_free(&node_cache, node);
}

int object_nodes_fill(struct radix_spare *spare, unsigned n, enum page_alloc_from from)
{
	while (spare->count < n) {
		struct radix_node *node = slab_alloc_from(&node_cache, from);

		if (!node)
			return -ENOMEM;
		radix_spare_give(spare, node);
	}
	return 0;
}

/*
 * Counts a new page, if the object counts its pages and this one is not read. Returns false if
 * there is no room. The caller holds object->lock.
 */
static bool charge_page(struct object *object, uint64_t index, struct page *fresh)
{
	assert_hardened(spin_lock_held(&object->lock));
	if (!object->ops->charge || index < object_pages(object->backed))
		return true;
	if (!object->ops->charge(object))
		return false;
	if (commit_is_strict() && !commit_charge(1)) {
		object->ops->uncharge(object);
		return false;
	}
	page_set(fresh, PAGE_CHARGED);
	return true;
}

void object_uncharge_page(struct object *object)
{
	assert_hardened(spin_lock_held(&object->lock));
	object->ops->uncharge(object);
	if (commit_is_strict())
		commit_uncharge(1);
}

/* The arguments of object_publish(), and the index nodes that it needs. */
struct insertion {
	uint64_t index;
	struct page *fresh;
	uint64_t truncations;
	uint64_t new_end;
	struct radix_spare spare;
	unsigned nodes_missing;
};

/*
 * The index is not free. Returns 0 with the page that it holds in *page_ret; or -EAGAIN, if it holds
 * none, or if the bytes in `fresh` would be lost: the caller writes them to that page.
 */
static int find_inserted(const struct insertion *in, struct index_entry entry,
			 struct page **page_ret)
{
	struct page *there = index_entry_page(entry);

	if (!there || (in->new_end && in->new_end != OBJECT_SIZE_SAME))
		return -EAGAIN;
	page_get(there);
	*page_ret = there;
	return 0;
}

/*
 * Tries once. Returns 0 with the page that is at the index now in *page_ret, referenced; -EAGAIN if
 * the object has changed; -ENOSPC; or 1 if nodes_missing nodes are needed. The caller holds
 * object->lock.
 */
static int insert_locked(struct object *object, struct insertion *in, struct page **page_ret)
{
	struct index_entry entry;

	assert_hardened(spin_lock_held(&object->lock));
	if (object->truncations != in->truncations)
		return -EAGAIN;
	if (!in->new_end && in->index >= object_pages(object->size))
		return -EAGAIN;
	entry = index_find(object, in->index);
	if (!index_entry_is_free(entry))
		return find_inserted(in, entry, page_ret);
	in->nodes_missing = radix_missing(&object->pages, in->index);
	if (in->nodes_missing > in->spare.count)
		return 1;
	if (!charge_page(object, in->index, in->fresh))
		return -ENOSPC;
	index_insert(object, in->index, entry, in->fresh, &in->spare);
	if (in->new_end == OBJECT_SIZE_SAME)
		object->prealloc_end = MAX(object->prealloc_end, in->index + 1);
	else
		object->size = MAX(object->size, in->new_end);
	*page_ret = in->fresh;
	return 0;
}

/* Inserts with as many nodes as that takes. Returns what insert_locked() does, or -ENOMEM. */
static int insert_page(struct object *object, struct insertion *in, struct page **page_ret)
{
	int error;

	radix_spare_init(&in->spare);
	do {
		error = object_nodes_fill(&in->spare, in->nodes_missing, PAGE_NORMAL);
		if (error)
			break;
		spin_lock(&object->lock);
		error = insert_locked(object, in, page_ret);
		spin_unlock(&object->lock);
	} while (error == 1);
	object_nodes_free(&in->spare);
	return error;
}

int object_publish(struct object *object, uint64_t index, struct page *fresh, uint64_t truncations,
		   uint64_t new_end, struct page **page_ret)
{
	struct insertion in = {
		.index = index, .fresh = fresh, .truncations = truncations, .new_end = new_end
	};
	struct page *there = NULL;
	int error = insert_page(object, &in, &there);

	if (there != fresh)
		page_put(fresh);
	if (there)
		*page_ret = there;
	return error;
}
