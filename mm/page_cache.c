/* SPDX-License-Identifier: MIT */
/* Inserts pages into the index of an object, fills them and removes them. */
#include "mm/page_cache.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"

/* Pages that are removed under one hold of the lock. */
#define REMOVE_BATCH 24

static SLAB_CACHE(node_cache, struct radix_node);

static void nodes_free(struct radix_spare *spare)
{
	struct radix_node *node;

	while ((node = radix_spare_take(spare)))
		slab_free(&node_cache, node);
}

/* Allocates nodes until there are n. Returns 0 or -ENOMEM. */
static int nodes_fill(struct radix_spare *spare, unsigned n)
{
	while (spare->count < n) {
		struct radix_node *node = slab_alloc(&node_cache);

		if (!node)
			return -ENOMEM;
		radix_spare_give(spare, node);
	}
	return 0;
}

/*
 * Counts a new page, if the object counts its pages and fill does not bring this one. Returns false
 * if there is no room. The caller holds object->lock.
 */
static bool charge(struct object *object, uint64_t index, struct page *fresh)
{
	if (!object->ops->charge || index < object_pages(object->backed))
		return true;
	if (!object->ops->charge(object))
		return false;
	fresh->flags |= PAGE_CHARGED;
	return true;
}

/* The caller holds object->lock. */
static void uncharge(struct object *object, struct page *page)
{
	if (!(page->flags & PAGE_CHARGED))
		return;
	__atomic_fetch_and(&page->flags, ~PAGE_CHARGED, __ATOMIC_RELAXED);
	object->ops->uncharge(object);
}

/* The state of an insertion. */
struct insertion {
	uint64_t index;
	struct page *fresh;
	uint64_t truncations;
	uint64_t new_end;
	struct radix_spare spare;
	unsigned nodes_missing;
};

/*
 * Tries once. Returns 0 with the page that is at index now in *page_ret, referenced; -EAGAIN if the
 * object has changed; -ENOSPC; or 1 if more nodes are needed, nodes_missing in all. The caller
 * holds object->lock.
 */
static int insert_locked(struct object *object, struct insertion *in, struct page **page_ret)
{
	struct page *there;

	assert_hardened(spin_lock_held(&object->lock));
	if (object->truncations != in->truncations)
		return -EAGAIN;
	if (!in->new_end && in->index >= object_pages(object->size))
		return -EAGAIN;
	there = radix_find(&object->pages, in->index);
	/* The bytes in `fresh` must not be lost: the caller writes them again, into that page. */
	if (there && in->new_end && in->new_end != OBJECT_SIZE_SAME)
		return -EAGAIN;
	if (there) {
		page_get(there);
		*page_ret = there;
		return 0;
	}
	in->nodes_missing = radix_missing(&object->pages, in->index);
	if (in->nodes_missing > in->spare.count)
		return 1;
	if (!charge(object, in->index, in->fresh))
		return -ENOSPC;
	in->fresh->owner = object;
	in->fresh->index = in->index;
	page_get(in->fresh);
	radix_insert(&object->pages, in->index, in->fresh, &in->spare);
	object->npages++;
	if (in->new_end == OBJECT_SIZE_SAME)
		object->kept = MAX(object->kept, in->index + 1);
	else
		object->size = MAX(object->size, in->new_end);
	*page_ret = in->fresh;
	return 0;
}

int object_publish(struct object *object, uint64_t index, struct page *fresh, uint64_t truncations,
		   uint64_t new_end, struct page **page_ret)
{
	struct insertion in = {
		.index = index, .fresh = fresh, .truncations = truncations, .new_end = new_end
	};
	struct page *there = NULL;
	int error;

	radix_spare_init(&in.spare);
	do {
		error = nodes_fill(&in.spare, in.nodes_missing);
		if (error)
			break;
		spin_lock(&object->lock);
		error = insert_locked(object, &in, &there);
		spin_unlock(&object->lock);
	} while (error == 1);
	nodes_free(&in.spare);
	if (there != fresh)
		page_put(fresh);
	if (there)
		*page_ret = there;
	return error;
}

struct removal {
	uint64_t next, last; /* the range that is left */
	bool (*choose)(struct object *object, struct page *page);
	struct page *pages[REMOVE_BATCH];
	unsigned count, seen;
	struct radix_spare freed;
};

/* Removes the next pages. Returns false at the end of the range. The caller holds object->lock. */
static bool remove_locked(struct object *object, struct removal *r)
{
	assert_hardened(spin_lock_held(&object->lock));
	for (r->seen = 0; r->seen < REMOVE_BATCH; r->seen++) {
		struct page *page = radix_next(&object->pages, &r->next, r->last);

		if (!page)
			return false;
		if (!r->choose || r->choose(object, page)) {
			radix_remove(&object->pages, r->next, &r->freed);
			object->npages--;
			uncharge(object, page);
			page->owner = NULL;
			r->pages[r->count++] = page;
		}
		if (r->next == r->last)
			return false;
		r->next++;
	}
	return true;
}

void object_remove(struct object *object, uint64_t first, uint64_t last,
		   bool (*choose)(struct object *object, struct page *page))
{
	struct removal r = { .next = first, .last = last, .choose = choose };
	bool more;

	radix_spare_init(&r.freed);
	do {
		spin_lock(&object->lock);
		more = remove_locked(object, &r);
		spin_unlock(&object->lock);
		while (r.count)
			page_put(r.pages[--r.count]);
		nodes_free(&r.freed);
		/* A kill does not stop this: a removal that has begun must be finished. */
		if (more)
			vm_pause();
	} while (more);
}

struct page *object_page_locked(const struct object *object, uint64_t index)
{
	assert_hardened(spin_lock_held(&object->lock));
	return index < object_pages(object->size) ? radix_find(&object->pages, index) : NULL;
}

struct page *object_page_resident(struct object *object, uint64_t index)
{
	struct page *page;

	spin_lock(&object->lock);
	page = radix_find(&object->pages, index);
	if (page)
		page_get(page);
	spin_unlock(&object->lock);
	return page;
}

/* What a look-up found out about a missing page. */
struct missing {
	uint64_t index;
	uint64_t backed;
	uint64_t truncations;
};

/* Returns 0 with the page in *page_ret, referenced; 1 if it is missing; -ENXIO beyond the end. */
static int page_find(struct object *object, struct missing *missing, struct page **page_ret)
{
	struct page *page;
	int result;

	spin_lock(&object->lock);
	page = object_page_locked(object, missing->index);
	result = missing->index < object_pages(object->size) ? !page : -ENXIO;
	if (page) {
		page_get(page);
		*page_ret = page;
	}
	missing->backed = object->backed;
	missing->truncations = object->truncations;
	spin_unlock(&object->lock);
	return result;
}

/* Fills a page: the bytes that fill brings, then zeros. */
static int page_fill(struct object *object, const struct missing *missing, struct page *page,
		     struct vm_wait *wait)
{
	char *bytes = page_address(page);
	uint64_t start = missing->index << PAGE_SHIFT;
	int result;

	if (start >= missing->backed) {
		arch_page_zero(bytes);
		return 0;
	}
	result = object->ops->fill(object, missing->index, bytes, wait);
	if (result == 0 && missing->backed - start < PAGE_SIZE)
		memset(bytes + (missing->backed - start), 0, PAGE_SIZE - (missing->backed - start));
	return result;
}

static int page_make(struct object *object, const struct missing *missing, struct page **page_ret,
		     struct vm_wait *wait)
{
	struct page *page = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);
	int result;

	if (!page)
		return -ENOMEM;
	result = page_fill(object, missing, page, wait);
	if (result) {
		page_put(page);
		return result;
	}
	return object_publish(object, missing->index, page, missing->truncations, 0, page_ret);
}

int object_page(struct object *object, uint64_t index, struct page **page_ret, struct vm_wait *wait)
{
	struct missing missing = { .index = index };
	int result;

	do {
		result = page_find(object, &missing, page_ret);
		if (result == 1)
			result = page_make(object, &missing, page_ret, wait);
	} while (result == -EAGAIN);
	return result;
}
