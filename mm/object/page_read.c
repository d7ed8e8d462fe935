/* SPDX-License-Identifier: MIT */
/* Reads pages into the index of an object: runs of pages, and a single page as a run of one. */
/*
 * A read takes a while if it asks a disk, for example. While it is under way the index is READING,
 * and every thread that needs the page waits for that one read. The read has a reference to the
 * object. A truncation does not wait for it: see mm/object/page_index.h.
 *
 * A failed read is reported once to the thread that started it and once to each thread that waited
 * for it (struct vm_wait records which read a thread waits for). Any other thread treats FAILED as
 * an empty index and starts a new read. FAILED therefore stays in the index until the next read or
 * until the page is removed.
 */
#include "mm/object/page_read.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/record.h"
#include "mm/swap/page_age.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_cache.h"
#include "sync/atomic.h"

/* ---- waiting for a read ---- */

/* Static, because an object may go away while a thread still has a sample of its queue. */
#define READ_QUEUES 64
static struct waitq read_queues[READ_QUEUES];

void page_cache_init(void)
{
	for (unsigned i = 0; i < READ_QUEUES; i++)
		waitq_init(&read_queues[i]);
}

struct waitq *page_read_queue(const struct object *object, uint64_t index)
{
	uint64_t hash = ((uintptr_t)object >> 4) + index / READ_RUN_MAX;

	return &read_queues[hash * 0x9e3779b97f4a7c15ul >> 58];
}

static uint8_t why_read(const struct object *object)
{
	if (object->ops->served)
		return WAITS_FOR_SERVER;
	return object == &swap_cache ? WAITS_FOR_SWAP : WAITS_FOR_FILE;
}

static void note_read(const struct object *object, uint64_t index, struct vm_wait *wait)
{
	wait->object = object;
	wait->index = index;
}

bool page_read_is_noted(const struct object *object, uint64_t index, const struct vm_wait *wait)
{
	return wait->object == object && wait->index == index;
}

void page_read_wait(const struct object *object, uint64_t index, struct vm_wait *wait)
{
	assert_hardened(spin_lock_held(&object->lock));
	wait->why = why_read(object) |
		    (page_read_is_noted(object, index, wait) ? 0 : WAITS_FOR_OTHER);
	note_read(object, index, wait);
	wait->major = true;
	wait->queue = page_read_queue(object, index);
	wait->seq = waitq_sample(wait->queue);
}

/*
 * The access has started a read, before which the sequence of the queue was `seq`. Returns VM_WAIT, or -EAGAIN if the read may
 * have ended.
 */
static int wait_for_own(const struct object *object, uint64_t index, uint64_t seq,
			struct vm_wait *wait)
{
	struct waitq *queue = page_read_queue(object, index);

	note_read(object, index, wait);
	if (waitq_sample(queue) != seq)
		return -EAGAIN;
	wait->why = why_read(object);
	wait->queue = queue;
	wait->seq = seq;
	wait->major = true;
	return VM_WAIT;
}

/* ---- the begin ---- */

/* A read of consecutive pages that is about to begin. */
struct read_run {
	struct object *object;
	uint64_t index; /* of the next page */
	struct page *const *pages;
	unsigned n, begun;
	const struct missing_page *missing; /* of the page that a thread needs; NULL: of none */
	unsigned nodes_missing;
	struct radix_spare spare;
};

/* A page that reclaim dropped recently is read because it is in use: it is hot. */
static void begin_one(struct object *object, uint64_t index, struct index_entry entry,
		      struct page *page, struct radix_spare *spare)
{
	if (index_entry_is_recent(entry))
		page_set_hot(page);
	index_read_begin(object, index, entry, page, spare);
}

/* After a failed read, the page is read again only if a thread needs it. */
static bool may_read(struct index_entry entry, bool needed)
{
	return index_entry_is_free(entry) && (needed || index_entry_state(entry) != INDEX_FAILED);
}

/*
 * Begins to read pages until all are begun, a page is not missing, or nodes_missing nodes are
 * needed: then it returns true. As a rule all the indices are EMPTY, and in one node. The caller holds object->lock.
 */
static bool begin_run_locked(struct read_run *run)
{
	struct object *object = run->object;
	uint64_t end = object_pages(object->size);

	assert_hardened(spin_lock_held(&object->lock));
	if (run->missing && object->truncations != run->missing->truncations)
		return false;
	while (run->begun < run->n && run->index < end) {
		struct page *const *next = run->pages + run->begun;
		unsigned most = (unsigned)MIN(end - run->index, run->n - run->begun);
		unsigned n = index_read_begin_run(object, run->index, next, most);

		if (n == 0) {
			struct index_entry entry = index_find(object, run->index);

			if (!may_read(entry, run->missing != NULL))
				return false;
			run->nodes_missing = radix_missing(&object->pages, run->index);
			if (run->nodes_missing > run->spare.count)
				return true;
			begin_one(object, run->index, entry, *next, &run->spare);
			n = 1;
		}
		run->begun += n;
		run->index += n;
	}
	return false;
}

/* Returns -ENOMEM if there was no node for all pages, else 0. */
static int begin_run(struct read_run *run, enum page_alloc_from from)
{
	int error = 0;
	bool more;

	assert_hardened(run->n <= READ_RUN_MAX);
	radix_spare_init(&run->spare);
	do {
		spin_lock(&run->object->lock);
		more = begin_run_locked(run);
		spin_unlock(&run->object->lock);
		if (more)
			error = object_nodes_fill(&run->spare, run->nodes_missing, from);
	} while (more && !error);
	if (run->spare.count)
		object_nodes_free(&run->spare);
	return error;
}

unsigned object_read_run(struct object *object, uint64_t index, struct page *const *pages,
			 unsigned n)
{
	struct read_run run = { .object = object, .index = index, .pages = pages, .n = n };

	(void)begin_run(&run, PAGE_OPTIONAL);
	return run.begun;
}

bool object_read_along(struct object *object, uint64_t index, struct page *page)
{
	struct index_entry entry = index_find(object, index);
	struct radix_spare none;

	assert_hardened(spin_lock_held(&object->lock));
	if (index >= object_pages(object->size) || !may_read(entry, false) ||
	    radix_missing(&object->pages, index))
		return false;
	radix_spare_init(&none);
	page_set(page, PAGE_AHEAD);
	begin_one(object, index, entry, page, &none);
	return true;
}

/* ---- the end ---- */

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

/* A page that was dropped recently has been read, and is used. */
static void count_refault(const struct page *page)
{
	counter_add(&reclaim_counts.refaulted, page_heat(page) != 0);
}

void object_page_used(struct page *page)
{
	page_clear(page, PAGE_AHEAD);
	count_refault(page);
}

/* Tells that pages have their bytes, but for those that are cancelled. */
static void note_supply(const struct object *object, struct page *const *pages, unsigned n,
			uint32_t cancelled)
{
	assert_hardened(spin_lock_held(&object->lock));
	for (unsigned i = 0; i < n; i++)
		if (!(cancelled >> i & 1))
			mm_record.changed(NULL, CHANGE_SUPPLIED, page_to_pfn(pages[i]),
					  pages[i]->index, object->ops->served);
}

void page_read_run_done(struct page *const *pages, unsigned n)
{
	struct object *object = pages[0]->owner;
	uint64_t first = pages[0]->index, last = first + n - 1;
	uint64_t whole = atomic_load_relaxed(&object->backed) >> PAGE_SHIFT;
	uint32_t cancelled;

	assert_hardened(n >= 1 && n <= READ_RUN_MAX);
	for (uint64_t index = MAX(first, whole); index <= last; index++)
		zero_beyond(object, pages[index - first]);
	for (unsigned i = 0; i < n; i++)
		if (page_heat(pages[i]) && !page_has(pages[i], PAGE_AHEAD))
			count_refault(pages[i]);
	spin_lock(&object->lock);
	cancelled = index_read_done(object, pages, n);
	if (mm_record.changed)
		note_supply(object, pages, n, cancelled);
	spin_unlock(&object->lock);
	waitq_wake_all(page_read_queue(object, first));
	if (n > 1 && page_read_queue(object, last) != page_read_queue(object, first))
		waitq_wake_all(page_read_queue(object, last));
	for (uint32_t left = cancelled; left; left &= left - 1, n--)
		read_drop(object, pages[bit_lowest(left)]);
	if (n)
		object_put_many(object, n); /* the frames are the object's now */
}

/* The index becomes FAILED, or what it was before: `entry`. Wakes the threads that wait. */
static void end_in_vain(struct object *object, struct page *page, bool failed,
			struct index_entry entry)
{
	uint64_t index = page->index;
	struct radix_spare freed;

	radix_spare_init(&freed);
	spin_lock(&object->lock);
	if (failed)
		index_read_fail(object, page);
	else
		index_read_undo(object, page, entry, &freed);
	spin_unlock(&object->lock);
	object_nodes_free(&freed);
	waitq_wake_all(page_read_queue(object, index));
	read_drop(object, page);
}

void page_read_done(struct page *page, int result)
{
	if (result)
		end_in_vain(page->owner, page, result != -EAGAIN, INDEX_ENTRY_EMPTY);
	else
		page_read_run_done(&page, 1);
}

void page_read_run_end(struct page *const *pages, unsigned n, size_t count)
{
	unsigned came = (unsigned)((count + PAGE_MASK) / PAGE_SIZE);
	size_t in_last = count & PAGE_MASK;

	assert_hardened(came <= n);
	if (in_last)
		memset((char *)page_address(pages[came - 1]) + in_last, 0, PAGE_SIZE - in_last);
	if (came)
		page_read_run_done(pages, came);
	for (unsigned i = came; i < n; i++)
		page_read_done(pages[i], i ? -EAGAIN : -EIO);
}

/* ---- the page that a thread needs ---- */

int page_read_start(struct object *object, const struct missing_page *missing, struct page *page,
		    struct vm_wait *wait)
{
	struct read_run run = { .object = object,
				.index = missing->index,
				.pages = &page,
				.n = 1,
				.missing = missing };
	uint64_t seq = waitq_sample(page_read_queue(object, missing->index));
	int result = begin_run(&run, PAGE_NORMAL);

	if (!run.begun) {
		page_put(page);
		return result ?: -EAGAIN;
	}
	result = object->ops->read_page(object, page, wait);
	if (!result)
		return wait_for_own(object, missing->index, seq, wait);
	/* Whoever waits for it starts another read. */
	end_in_vain(object, page, false, missing->entry);
	return result;
}
