/* SPDX-License-Identifier: MIT */
/* Removes pages from the index of an object: truncation, holes, reclaim. */
#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/object/page_insert.h"
#include "mm/object/page_read.h"
#include "mm/swap/swap_cache.h"
#include "sync/atomic.h"

/* Indices that are looked at in one hold of the lock. */
#define REMOVE_BATCH 24

struct removal {
	uint64_t next, last; /* the range that is left */
	bool (*choose)(struct object *object, struct page *page);
	bool marks;	       /* an index whose page can be read again becomes DROPPED */
	bool swapped;	       /* pages in swap go too, where a missing page is all zeros */
	bool reads;	       /* reads under way are cancelled although `choose` is set */
	bool left;	       /* set: a page was not chosen */
	struct waitq *waiting; /* of the threads that wait for a read that is cancelled, or NULL */
	struct page *pages[REMOVE_BATCH];
	unsigned count, seen;
	struct radix_spare freed;
};

/* Undoes what the object has counted for a page that has left the index. */
static void page_left(struct object *object, struct page *page)
{
	if (page_has(page, PAGE_CHARGED)) {
		page_clear(page, PAGE_CHARGED);
		object_uncharge_page(object);
	}
	if (unlikely(object->ops->left))
		object->ops->left(object, page);
	if (unlikely(page_pins(page)) && page_kind(page) == PAGE_OBJECT)
		object->npinned--;
	page->owner = NULL;
	if (page_has(page, PAGE_SWAP_CACHED))
		page_clear(page, PAGE_SWAP_CACHED);
}

void object_drop_page(struct object *object, struct page *page)
{
	assert_hardened(spin_lock_held(&object->lock));
	index_drop(object, page);
	page_left(object, page);
}

static void remove_page(struct object *object, struct page *page, struct removal *r)
{
	bool mark = r->marks && !page_has(page, PAGE_AHEAD);

	if (mark && r->next < object_pages(object->backed)) {
		object_drop_page(object, page);
	} else {
		(void)index_remove(object, r->next, &r->freed);
		page_left(object, page);
	}
	r->pages[r->count++] = page;
}

/*
 * Does an index that holds no page stay as it is? A stamp stays if stamps are wanted and it is
 * recent. FAILED goes: a thread that has waited and has not looked yet starts another read. The
 * caller holds object->lock.
 */
static bool index_stays(const struct object *object, struct index_entry entry,
			const struct removal *r)
{
	switch (index_entry_state(entry)) {
	case INDEX_DROPPED:
		return r->marks && index_entry_is_recent(entry);
	case INDEX_FAILED:
		return false;
	case INDEX_SWAPPED:
		return r->swapped ? r->next < object_pages(object->backed) : r->choose != NULL;
	default: /* INDEX_READING */
		return r->choose != NULL && !r->reads;
	}
}

/* Cancels a read, gives up a slot, or removes a stamp or an error. The caller holds object->lock. */
static void remove_pageless(struct object *object, struct index_entry entry, struct removal *r)
{
	assert_hardened(spin_lock_held(&object->lock));
	if (index_stays(object, entry, r))
		return;
	(void)index_remove(object, r->next, &r->freed);
	if (index_entry_state(entry) == INDEX_SWAPPED) {
		if (index_entry_is_charged(entry))
			object_uncharge_page(object);
		swap_slot_put(index_entry_slot(entry));
	}
	r->waiting = page_read_queue(object, r->next);
}

/*
 * Removes the next pages. Returns false at the end of the range. One call cancels reads of one wait
 * queue only. The caller holds object->lock.
 */
static bool remove_locked(struct object *object, struct removal *r)
{
	assert_hardened(spin_lock_held(&object->lock));
	for (r->seen = 0; r->seen < REMOVE_BATCH; r->seen++) {
		void *held = radix_next(&object->pages, &r->next, r->last);

		if (!held)
			return false;
		if (!index_is_page(held) && r->waiting &&
		    r->waiting != page_read_queue(object, r->next))
			return true;
		if (!index_is_page(held))
			remove_pageless(object, index_entry_of(held), r);
		else if (!r->choose || r->choose(object, held))
			remove_page(object, held, r);
		else
			r->left = true;
		if (r->next == r->last)
			return false;
		r->next++;
	}
	return true;
}

/*
 * Drops the references to the pages that were removed, and wakes the threads whose read was
 * cancelled. There may be any number of them, so that no lock is held. Returns how many pages.
 */
static size_t removal_put(struct removal *r)
{
	size_t n = r->count;

	if (unlikely(r->waiting != NULL))
		waitq_wake_all(r->waiting);
	r->waiting = NULL;
	while (r->count)
		page_put(r->pages[--r->count]);
	object_nodes_free(&r->freed);
	return n;
}

bool object_reclaim_some(struct object *object,
			 bool (*choose)(struct object *object, struct page *page), bool marks,
			 size_t *n_ret)
{
	struct removal r = { .last = UINT64_MAX, .choose = choose, .marks = marks };
	bool more;

	radix_spare_init(&r.freed);
	spin_lock(&object->lock);
	r.next = object->passed;
	more = remove_locked(object, &r);
	object->passed = more ? r.next : 0;
	spin_unlock(&object->lock);
	*n_ret = removal_put(&r);
	return more;
}

bool object_reclaim_range(struct object *object, uint64_t *next_ret, uint64_t last,
			  bool (*choose)(struct object *object, struct page *page), bool marks,
			  size_t *n_ret)
{
	struct removal r = { .next = *next_ret, .last = last, .choose = choose, .marks = marks };
	bool more;

	radix_spare_init(&r.freed);
	spin_lock(&object->lock);
	more = remove_locked(object, &r);
	spin_unlock(&object->lock);
	*next_ret = r.next;
	*n_ret = removal_put(&r);
	return more;
}

/* Removes all the pages, with pauses. */
static void removal_run(struct object *object, struct removal *r)
{
	bool more;

	radix_spare_init(&r->freed);
	do {
		spin_lock(&object->lock);
		more = remove_locked(object, r);
		spin_unlock(&object->lock);
		(void)removal_put(r);
		/* A kill does not stop this: a removal that has begun must be finished. */
		if (more)
			vm_pause();
	} while (more);
}

void object_remove(struct object *object, uint64_t first, uint64_t last,
		   bool (*choose)(struct object *object, struct page *page))
{
	struct removal r = { .next = first, .last = last, .choose = choose };

	removal_run(object, &r);
}

static bool is_unmapped(struct object *object, struct page *page)
{
	(void)object;
	return atomic_load_relaxed(&page->maps) == 0 && !page_has(page, PAGE_DIRTY | PAGE_WRITING);
}

bool object_remove_unmapped(struct object *object)
{
	struct removal r = { .last = UINT64_MAX, .choose = is_unmapped, .reads = true };

	removal_run(object, &r);
	return !r.left;
}

/*
 * May punching a hole remove the page? Only if nothing but the index refers to it, and a missing
 * page there is all zeros. The caller holds object->lock.
 */
static bool is_punchable(struct object *object, struct page *page)
{
	return page->counts == PAGE_ONE_REF && page->index >= object_pages(object->backed);
}

void object_remove_unused(struct object *object, uint64_t first, uint64_t last)
{
	struct removal r = { .next = first, .last = last, .choose = is_punchable, .swapped = true };

	removal_run(object, &r);
}
