/* SPDX-License-Identifier: MIT */
/* Inserts pages into the index of an object, reads them and removes them. */
/*
 * A page whose bytes have to be read, from a disk, say, takes a while. Meanwhile its index is busy:
 * it holds the number of the frame that the bytes are read into (READING), and all that need the
 * page wait for that one read. When it is done, the page takes the number's place, or FAILED does.
 * A truncation takes the number away: it waits for nothing, and the frame is freed when the read is
 * done. The read has a reference to the object.
 *
 * An error is for those that have waited for the read, and for the one that has started it: their
 * struct vm_wait says so. To everybody else FAILED is as good as nothing, however early or late they
 * come: they start another read. So the mark stays when one was told, until somebody reads, or the
 * pages are removed.
 */
#include "mm/page_cache.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/commit.h"
#include "mm/host.h"
#include "mm/object_charge.h"
#include "mm/page_age.h"
#include "mm/phys/kmalloc.h"
#include "mm/reclaim.h"
#include "mm/swap_cache.h"
#include "mm/swap_io.h"
#include "sync/atomic.h"

/* Pages that are removed under one hold of the lock. */
#define REMOVE_BATCH 24

static SLAB_CACHE(node_cache, struct radix_node);

/* ---- busy indices ---- */

/*
 * What an index holds while its page is read into the frame `pfn`; after a read has failed; and
 * after reclaim has dropped the page: the stamp says when that was.
 */
#define READING(pfn)	       ((void *)(uintptr_t)((pfn) << 2 | 1))
#define FAILED		       ((void *)(uintptr_t)2)
/*
 * The page is in this slot of swap, or in the swap cache. It still counts if it was PAGE_CHARGED.
 */
#define SWAPPED(slot, charged) ((void *)(uintptr_t)((slot) << 3 | (uintptr_t)(charged) << 2))
#define DROPPED(stamp)	       ((void *)(uintptr_t)((stamp) << 2 | 3))

static inline bool is_dropped(const void *held)
{
	return !index_is_page(held) && ((uintptr_t)held & 3) == 3;
}

static inline bool is_reading(const void *held)
{
	return !index_is_page(held) && ((uintptr_t)held & 3) == 1;
}

static inline bool is_swapped(const void *held)
{
	return held && !index_is_page(held) && !((uintptr_t)held & 3);
}

bool index_is_swapped(const void *held, uint64_t *slot_ret, bool *charged_ret)
{
	*slot_ret = (uintptr_t)held >> 3;
	*charged_ret = (uintptr_t)held >> 2 & 1;
	return is_swapped(held);
}

/* The mark of a page that was dropped: was it dropped a short while ago? */
static inline bool is_recent(const void *mark)
{
	return mark && mark != FAILED && reclaim_is_recent((uintptr_t)mark >> 2);
}

/* Static, because an object may go away while a thread still has a sample of its queue. */
#define QUEUES 64
static struct waitq queues[QUEUES];

void page_cache_init(void)
{
	for (unsigned i = 0; i < QUEUES; i++)
		waitq_init(&queues[i]);
}

/*
 * Where those wait that need the page at index. Other pages may have the same queue: a group of
 * consecutive pages does, so that a read of several wakes one queue.
 */
static struct waitq *queue_of(const struct object *object, uint64_t index)
{
	uint64_t hash = ((uintptr_t)object >> 4) + index / READ_RUN_MAX;

	return &queues[hash * 0x9e3779b97f4a7c15ul >> 58];
}

/* The access has to do with a read of this page from now on. */
static void note_read(const struct object *object, uint64_t index, struct vm_wait *wait)
{
	wait->object = object;
	wait->index = index;
}

static bool has_noted(const struct object *object, uint64_t index, const struct vm_wait *wait)
{
	return wait->object == object && wait->index == index;
}

static void wait_for_read(struct object *object, uint64_t index, struct vm_wait *wait)
{
	assert_hardened(spin_lock_held(&object->lock));
	note_read(object, index, wait);
	wait->major = true;
	wait->queue = queue_of(object, index);
	wait->seq = waitq_sample(wait->queue);
}

/* ---- insertion ---- */

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
static bool charge(struct object *object, uint64_t index, struct page *fresh)
{
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

/* A page that was charged is gone. The caller holds object->lock. */
static void uncharge_one(struct object *object)
{
	object->ops->uncharge(object);
	if (commit_is_strict())
		commit_uncharge(1);
}

/* The caller holds object->lock. */
static void uncharge(struct object *object, struct page *page)
{
	if (!page_has(page, PAGE_CHARGED))
		return;
	page_clear(page, PAGE_CHARGED);
	uncharge_one(object);
}

/* The state of an insertion. */
struct insertion {
	uint64_t index;
	struct page *fresh;
	bool reading; /* `fresh` is to be read: the index becomes busy */
	uint64_t truncations;
	uint64_t new_end;
	struct radix_spare spare;
	unsigned nodes_missing;
};

/* Puts a page or a number at the index, which holds nothing or a mark. */
static void put_at(struct object *object, struct insertion *in, const void *held, void *what)
{
	if (held)
		radix_replace(&object->pages, in->index, what);
	else
		radix_insert(&object->pages, in->index, what, &in->spare);
}

/* The index holds something already. Returns 0 with the page in *page_ret, or -EAGAIN. */
static int insert_taken(const struct insertion *in, void *held, struct page **page_ret)
{
	struct page *there = index_page(held);

	/* The bytes in `fresh` must not be lost: the caller writes them again, into that page. */
	if (!there || in->reading || (in->new_end && in->new_end != OBJECT_SIZE_SAME))
		return -EAGAIN;
	page_get(there);
	*page_ret = there;
	return 0;
}

/* The page is about to be read; its number is at the index, or will be. */
static inline void reading_begins(struct object *object, uint64_t index, struct page *page)
{
	page->owner = object;
	page->index = index;
	page_set(page, PAGE_READING);
}

static int insert_reading(struct object *object, struct insertion *in, const void *held)
{
	reading_begins(object, in->index, in->fresh);
	object_get(object);
	put_at(object, in, held, READING(page_to_pfn(in->fresh)));
	return 0;
}

/*
 * Tries once. Returns 0 with the page that is at index now in *page_ret, referenced, or with the
 * index busy; -EAGAIN if the object has changed; -ENOSPC; or 1 if more nodes are needed,
 * nodes_missing in all. The caller holds object->lock.
 */
static int insert_locked(struct object *object, struct insertion *in, struct page **page_ret)
{
	void *held;

	assert_hardened(spin_lock_held(&object->lock));
	if (object->truncations != in->truncations)
		return -EAGAIN;
	if (!in->new_end && in->index >= object_pages(object->size))
		return -EAGAIN;
	held = radix_find(&object->pages, in->index);
	if (held && !is_dropped(held) && held != FAILED)
		return insert_taken(in, held, page_ret);
	in->nodes_missing = radix_missing(&object->pages, in->index);
	if (in->nodes_missing > in->spare.count)
		return 1;
	if (in->reading)
		return insert_reading(object, in, held);
	if (!charge(object, in->index, in->fresh))
		return -ENOSPC;
	in->fresh->owner = object;
	in->fresh->index = in->index;
	page_get(in->fresh);
	put_at(object, in, held, in->fresh);
	object->npages++;
	object_charge(object, 1);
	if (in->new_end == OBJECT_SIZE_SAME)
		object->kept = MAX(object->kept, in->index + 1);
	else
		object->size = MAX(object->size, in->new_end);
	*page_ret = in->fresh;
	return 0;
}

/* Inserts, with as many nodes as that takes. Returns what insert_locked() does, or -ENOMEM. */
static int insert(struct object *object, struct insertion *in, struct page **page_ret)
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
	int error = insert(object, &in, &there);

	if (there != fresh)
		page_put(fresh);
	if (there)
		*page_ret = there;
	return error;
}

/* ---- removal ---- */

struct removal {
	uint64_t next, last; /* the range that is left */
	bool (*choose)(struct object *object, struct page *page);
	bool marks;	       /* where a page was that can be read again, a mark stays */
	bool swapped;	       /* pages in swap go too, where a missing page is zeros */
	bool reads;	       /* reads under way go although `choose` is set */
	bool kept;	       /* set: a page was not chosen */
	struct waitq *waiting; /* of those who wait for a read that is cancelled, or NULL */
	struct page *pages[REMOVE_BATCH];
	unsigned count, seen;
	struct radix_spare freed;
};

/* The page is no longer in the index. */
static void page_left(struct object *object, struct page *page)
{
	object->npages--;
	object_charge(object, -1);
	uncharge(object, page);
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
	radix_replace(&object->pages, page->index, DROPPED(reclaim_stamp()));
	page_left(object, page);
}

static void remove_page(struct object *object, struct page *page, struct removal *r)
{
	bool mark = r->marks && !page_has(page, PAGE_AHEAD);

	if (mark && r->next < object_pages(object->backed)) {
		object_drop_page(object, page);
	} else {
		radix_remove(&object->pages, r->next, &r->freed);
		page_left(object, page);
	}
	r->pages[r->count++] = page;
}

/* A page that is in swap is not needed any more. The caller holds object->lock. */
static void forget_swapped(struct object *object, const void *held)
{
	bool charged;
	uint64_t slot;

	(void)index_is_swapped(held, &slot, &charged);
	object->nswapped--;
	object_charge(object, -1);
	if (charged)
		uncharge_one(object);
	swap_slot_put(slot);
}

/* Does what an index holds instead of a page stay? The caller holds object->lock. */
static bool number_stays(const struct object *object, const void *held, const struct removal *r)
{
	if (is_dropped(held))
		return r->marks && is_recent(held);
	if (held == FAILED) /* who has waited, and has not looked yet, starts a read */
		return false;
	if (is_swapped(held) && r->swapped)
		return r->next < object_pages(object->backed);
	return r->choose != NULL && (!r->reads || is_swapped(held));
}

/*
 * Cancels a read, or forgets a page that is in swap, if all pages are removed. Marks go unless they
 * are wanted, and are recent.
 */
static void remove_number(struct object *object, void *held, struct removal *r)
{
	if (number_stays(object, held, r))
		return;
	radix_remove(&object->pages, r->next, &r->freed);
	if (is_swapped(held))
		forget_swapped(object, held);
	r->waiting = queue_of(object, r->next);
}

/* Removes the next pages. Returns false at the end of the range. The caller holds object->lock. */
static bool remove_locked(struct object *object, struct removal *r)
{
	assert_hardened(spin_lock_held(&object->lock));
	for (r->seen = 0; r->seen < REMOVE_BATCH; r->seen++) {
		void *held = radix_next(&object->pages, &r->next, r->last);

		if (!held)
			return false;
		if (!index_is_page(held) && r->waiting && r->waiting != queue_of(object, r->next))
			return true;
		if (!index_is_page(held))
			remove_number(object, held, r);
		else if (!r->choose || r->choose(object, held))
			remove_page(object, held, r);
		else
			r->kept = true;
		if (r->next == r->last)
			return false;
		r->next++;
	}
	return true;
}

/*
 * Drops what was removed, and wakes those who wait for it: any number of them, so no lock is held.
 * Returns how many pages.
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
	return !r.kept;
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

/* ---- look-up ---- */

struct page *object_page_locked(const struct object *object, uint64_t index)
{
	assert_hardened(spin_lock_held(&object->lock));
	if (index >= object_pages(object->size))
		return NULL;
	return index_page(radix_find(&object->pages, index));
}

/* Returns the page at index, referenced, or NULL. The caller holds object->lock. */
static struct page *page_at(struct object *object, uint64_t index)
{
	struct page *page;

	assert_hardened(spin_lock_held(&object->lock));
	page = index_page(radix_find(&object->pages, index));
	if (page)
		page_get(page);
	return page;
}

struct page *object_page_resident(struct object *object, uint64_t index)
{
	struct page *page;

	spin_lock(&object->lock);
	page = page_at(object, index);
	spin_unlock(&object->lock);
	return page;
}

struct page *object_page_cut(struct object *object, uint64_t index, bool *swapped_ret)
{
	struct radix_spare freed;
	struct page *page;
	bool cancelled;

	radix_spare_init(&freed);
	spin_lock(&object->lock);
	page = page_at(object, index);
	*swapped_ret = is_swapped(radix_find(&object->pages, index));
	cancelled = !page && !*swapped_ret && radix_remove(&object->pages, index, &freed);
	spin_unlock(&object->lock);
	if (cancelled)
		waitq_wake_all(queue_of(object, index));
	object_nodes_free(&freed);
	return page;
}

bool object_is_hole(struct object *object, uint64_t index)
{
	bool hole;

	spin_lock(&object->lock);
	hole = index << PAGE_SHIFT >= object->backed && !radix_find(&object->pages, index);
	spin_unlock(&object->lock);
	return hole;
}

/* What a look-up found out about a missing page. */
struct missing {
	uint64_t index;
	void *mark; /* where reclaim has dropped it, or FAILED; or what SWAPPED() makes */
	uint64_t backed;
	uint64_t truncations;
};

/* Results besides 0, VM_WAIT and negative errno. */
#define MISSING	    2
#define SWAPPED_OUT 3 /* the caller gets a reference to the slot */

/*
 * Looks the page up, as object_page() does. Returns MISSING if it is to be made or read, or
 * SWAPPED_OUT.
 */
static int find_locked(struct object *object, struct missing *missing, struct page **page_ret,
		       struct vm_wait *wait)
{
	void *held;

	assert_hardened(spin_lock_held(&object->lock));
	if (missing->index >= object_pages(object->size))
		return -ENXIO;
	held = radix_find(&object->pages, missing->index);
	if (index_is_page(held)) {
		page_get(held);
		*page_ret = held;
		return 0;
	}
	if (held == FAILED && has_noted(object, missing->index, wait))
		return -EIO;
	missing->mark = held;
	if (is_swapped(held)) {
		swap_slot_get((uintptr_t)held >> 3);
		return SWAPPED_OUT;
	}
	if (is_reading(held)) {
		wait_for_read(object, missing->index, wait);
		return VM_WAIT;
	}
	missing->backed = object->backed;
	missing->truncations = object->truncations;
	return MISSING;
}

static int page_find(struct object *object, struct missing *missing, struct page **page_ret,
		     struct vm_wait *wait)
{
	int result;

	spin_lock(&object->lock);
	result = find_locked(object, missing, page_ret, wait);
	spin_unlock(&object->lock);
	return result;
}

/* ---- reads ---- */

/*
 * Ends a read: `held` takes the place of the frame's number; NULL: nothing does. Wakes those that
 * wait. Returns false if a truncation has taken the number away.
 */
static bool read_end(struct object *object, struct page *page, void *held)
{
	void *number = READING(page_to_pfn(page));
	uint64_t index = page->index;
	struct radix_spare freed;
	bool there;

	radix_spare_init(&freed);
	spin_lock(&object->lock);
	page_clear(page, PAGE_READING);
	there = radix_find(&object->pages, index) == number;
	if (there && held)
		radix_replace(&object->pages, index, held);
	else if (there)
		radix_remove(&object->pages, index, &freed);
	if (there && index_is_page(held)) {
		object->npages++;
		object_charge(object, 1);
	}
	spin_unlock(&object->lock);
	object_nodes_free(&freed);
	waitq_wake_all(queue_of(object, index));
	return there;
}

/* A truncation that changes `backed` within this page has cancelled the read, or will. */
static void zero_beyond(const struct object *object, struct page *page)
{
	uint64_t backed = atomic_load_relaxed(&object->backed), start = page->index << PAGE_SHIFT;

	if (backed > start && backed - start < PAGE_SIZE)
		memset((char *)page_address(page) + (backed - start), 0,
		       PAGE_SIZE - (backed - start));
}

/* Drops what the read had: the frame, and the reference to the object. */
static void read_drop(struct object *object, struct page *page)
{
	page->owner = NULL;
	page_put(page);
	object_put(object);
}

/* A page that was dropped a short while ago has been read, because it is used. */
static void count_refault(const struct page *page)
{
	counter_add(&reclaim_counts.refaulted, page_heat(page) != 0);
}

void page_read_done(struct page *page, int result)
{
	struct object *object = page->owner;
	void *held = page;

	assert_hardened(page_has(page, PAGE_READING));
	if (!result)
		zero_beyond(object, page);
	if (!result && !page_has(page, PAGE_AHEAD))
		count_refault(page);
	if (result)
		held = result == -EAGAIN ? NULL : FAILED;
	if (read_end(object, page, held) && !result)
		object_put(object); /* the frame is the object's now */
	else
		read_drop(object, page);
}

/*
 * Starts to read the missing page. Returns -EAGAIN if the page has to be looked up again, because
 * the read is under way or done, or the object has changed.
 */
static int page_read(struct object *object, const struct missing *missing, struct page *page,
		     struct vm_wait *wait)
{
	struct insertion in = { .index = missing->index,
				.fresh = page,
				.reading = true,
				.truncations = missing->truncations };
	int result = insert(object, &in, NULL);

	if (result) {
		page_put(page);
		return result;
	}
	result = object->ops->read_page(object, page, wait);
	if (!result) {
		note_read(object, missing->index, wait);
		return -EAGAIN;
	}
	/* Whoever waits for it starts a read of their own. */
	(void)read_end(object, page, missing->mark);
	read_drop(object, page);
	return result;
}

bool object_read_along(struct object *object, uint64_t index, struct page *page)
{
	struct insertion in = { .index = index, .fresh = page, .reading = true };
	void *held = radix_find(&object->pages, index);

	assert_hardened(spin_lock_held(&object->lock));
	if (index >= object_pages(object->size) || (held && !is_dropped(held)) ||
	    radix_missing(&object->pages, index))
		return false;
	if (is_recent(held))
		page_set_hot(page);
	page_set(page, PAGE_AHEAD);
	return !insert_reading(object, &in, held);
}

/* Makes indices busy that hold nothing, up to the end of one node. Returns how many. */
static unsigned read_within_node(struct object *object, uint64_t index, struct page *const *pages,
				 unsigned n)
{
	void *numbers[READ_RUN_MAX];

	for (unsigned i = 0; i < n; i++)
		numbers[i] = READING(page_to_pfn(pages[i]));
	n = radix_insert_run(&object->pages, index, numbers, n);
	for (unsigned i = 0; i < n; i++)
		reading_begins(object, index + i, pages[i]);
	if (n)
		object_get_many(object, n);
	return n;
}

/* The pages of object_read_run(). */
struct read_run {
	struct page *const *pages;
	unsigned n, done;
};

/*
 * Goes on until all is done, a page is not missing, or more nodes are needed: then it returns true,
 * with nodes_missing. The caller holds object->lock.
 */
static bool read_run_locked(struct object *object, struct read_run *run, struct insertion *in)
{
	uint64_t end = object_pages(object->size);

	assert_hardened(spin_lock_held(&object->lock));
	while (run->done < run->n && in->index < end) {
		unsigned n = (unsigned)MIN(end - in->index, run->n - run->done);
		void *held;

		n = read_within_node(object, in->index, run->pages + run->done, n);
		if (n == 0) {
			held = radix_find(&object->pages, in->index);
			if (held && !is_dropped(held))
				return false;
			in->nodes_missing = radix_missing(&object->pages, in->index);
			if (in->nodes_missing > in->spare.count)
				return true;
			in->fresh = run->pages[run->done];
			if (is_recent(held))
				page_set_hot(in->fresh);
			insert_reading(object, in, held);
			n = 1;
		}
		run->done += n;
		in->index += n;
	}
	return false;
}

unsigned object_read_run(struct object *object, uint64_t index, struct page *const *pages,
			 unsigned n)
{
	struct insertion in = { .index = index, .reading = true };
	struct read_run run = { .pages = pages, .n = n };
	bool more;

	assert_hardened(n <= READ_RUN_MAX);
	radix_spare_init(&in.spare);
	do {
		spin_lock(&object->lock);
		more = read_run_locked(object, &run, &in);
		spin_unlock(&object->lock);
	} while (more && object_nodes_fill(&in.spare, in.nodes_missing, PAGE_OPTIONAL) == 0);
	object_nodes_free(&in.spare);
	return run.done;
}

/* Puts a page that was read in the place of its number. False: a truncation has taken that away. */
static inline bool end_reading(struct object *object, void **slot, struct page *page)
{
	assert_hardened(page_has(page, PAGE_READING) && page->owner == object);
	page_clear(page, PAGE_READING);
	if (page_heat(page))
		count_refault(page);
	if (!slot || *slot != READING(page_to_pfn(page)))
		return false;
	*slot = page;
	object->npages++;
	object_charge(object, 1);
	return true;
}

/* Does so for each. Returns those whose numbers are gone, as bits. The caller holds object->lock. */
static uint32_t read_run_end(struct object *object, struct page *const *pages, unsigned n)
{
	uint64_t index = pages[0]->index;
	uint32_t gone = 0;
	unsigned here;

	assert_hardened(spin_lock_held(&object->lock));
	for (unsigned i = 0; i < n; i += here) {
		void **slots = radix_slots_to_replace(&object->pages, index + i, &here);

		here = MIN(here, n - i);
		for (unsigned k = 0; k < here; k++)
			if (!end_reading(object, slots ? &slots[k] : NULL, pages[i + k]))
				gone |= 1u << (i + k);
	}
	return gone;
}

void page_read_run_done(struct page *const *pages, unsigned n)
{
	struct object *object = pages[0]->owner;
	uint64_t first = pages[0]->index, last = first + n - 1;
	uint64_t whole = atomic_load_relaxed(&object->backed) >> PAGE_SHIFT;
	uint32_t gone;

	assert_hardened(n >= 1 && n <= READ_RUN_MAX);
	for (uint64_t index = MAX(first, whole); index <= last; index++)
		zero_beyond(object, pages[index - first]);
	spin_lock(&object->lock);
	gone = read_run_end(object, pages, n);
	spin_unlock(&object->lock);
	waitq_wake_all(queue_of(object, first));
	if (queue_of(object, last) != queue_of(object, first))
		waitq_wake_all(queue_of(object, last));
	for (uint32_t left = gone; left; left &= left - 1, n--)
		read_drop(object, pages[bit_lowest(left)]);
	if (n)
		object_put_many(object, n); /* the frames are the object's now */
}

void object_page_used(struct page *page)
{
	page_clear(page, PAGE_AHEAD);
	count_refault(page);
}

static int page_make(struct object *object, const struct missing *missing, struct page **page_ret,
		     struct vm_wait *wait)
{
	struct page *page = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);

	if (!page)
		return -ENOMEM;
	if (is_recent(missing->mark))
		page_set_hot(page);
	if (missing->index << PAGE_SHIFT < missing->backed)
		return page_read(object, missing, page, wait);
	arch_page_zero(page_address(page));
	return object_publish(object, missing->index, page, missing->truncations, 0, page_ret);
}

/* ---- swap ---- */

bool object_swap_out(struct object *object, struct page *page)
{
	uint64_t index = page->index, slot;
	bool charged = page_has(page, PAGE_CHARGED);

	assert_hardened(spin_lock_held(&object->lock));
	if (index >= object_pages(object->size))
		return false;
	page_clear(page, PAGE_CHARGED);
	if (!swap_take_page(page, &slot)) {
		if (charged)
			page_set(page, PAGE_CHARGED);
		return false;
	}
	radix_replace(&object->pages, index, SWAPPED(slot, charged));
	object->npages--;
	object->nswapped++;
	return true;
}

/* The page is in the swap cache: back into the index with it, if that still wants it. */
static int take_back(struct object *object, const struct missing *missing, struct page *page,
		     struct vm_wait *wait)
{
	uint64_t seq = waitq_sample(&swap_written);
	int result = -EAGAIN; /* look again */
	uint64_t slot;
	bool charged;

	(void)index_is_swapped(missing->mark, &slot, &charged);
	spin_lock(&object->lock);
	if (radix_find(&object->pages, missing->index) != missing->mark) {
		/* Another thread was faster, or a truncation. */
	} else if (swap_give_page(page)) {
		radix_replace(&object->pages, missing->index, page);
		page->owner = object;
		page->index = missing->index;
		page_set(page, PAGE_DIRTY | (charged ? PAGE_CHARGED : 0));
		page_set_used(page);
		object->npages++;
		object->nswapped--;
	} else {
		wait->queue = &swap_written;
		wait->seq = seq;
		result = VM_WAIT;
	}
	spin_unlock(&object->lock);
	return result;
}

/* Does the index hold what it held? */
static bool is_still(struct object *object, const struct missing *missing)
{
	bool still;

	spin_lock(&object->lock);
	still = radix_find(&object->pages, missing->index) == missing->mark;
	spin_unlock(&object->lock);
	return still;
}

/*
 * Brings the page back from swap. Drops the reference to the slot. Returns -EAGAIN if the page has
 * to be looked up again; VM_WAIT, -ENOMEM or -EIO.
 */
static int page_swap_in(struct object *object, const struct missing *missing, struct vm_wait *wait)
{
	uint64_t slot = (uintptr_t)missing->mark >> 3;
	struct page *page;
	int result = object_page(&swap_cache, slot, &page, wait);

	if (!result) {
		result = take_back(object, missing, page, wait);
		if (result == VM_WAIT) /* for a write, maybe one that reclaim is still to submit */
			swap_submit(true);
		page_put(page);
	} else if (result != VM_WAIT && !is_still(object, missing)) {
		result = -EAGAIN; /* it is not in swap any more */
	}
	swap_slot_put(slot);
	return result;
}

int object_page(struct object *object, uint64_t index, struct page **page_ret, struct vm_wait *wait)
{
	struct missing missing = { .index = index };
	int result;

	do {
		result = page_find(object, &missing, page_ret, wait);
		if (result == MISSING)
			result = page_make(object, &missing, page_ret, wait);
		else if (result == SWAPPED_OUT)
			result = page_swap_in(object, &missing, wait);
	} while (result == -EAGAIN);
	return result;
}
