/* SPDX-License-Identifier: MIT */
/* The contract of a pager that writes pages back (struct object_ops), with a pager whose store is memory. */
#include "one_space.h"

#include <stdlib.h>
#include <string.h>

#include "mm/object/object.h"
#include "linux/mem/object_holes.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/swap/clock_hand.h"
#include "mm/swap/reclaim.h"

#define P     PAGE_SIZE
#define PAGES 8

static unsigned char store[PAGES * P];
static unsigned ndirty, dirty_most, npages_read, npages_written, nleft_dirty, nleft_clean,
	nwriters_left, nlast_writers;
static bool
	writes_begin; /* write_page() begins a write, rather than leave the page to another thread */
static bool reads_last; /* pager_read() leaves the read to the test */
static struct page *written, *being_read;
static struct waitq cleaned;

static int pager_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object, (void)wait;
	assert_true(page_has(page, PAGE_READING));
	if (reads_last) {
		being_read = page;
		return 0;
	}
	memcpy(page_address(page), store + page->index * P, P);
	npages_read++;
	page_read_done(page, 0);
	return 0;
}

static void pager_stored(struct object *object, struct page *page)
{
	assert_true(spin_lock_held(&object->lock));
	assert_ptr_equal(object, page->owner);
	ndirty += !page_has(page, PAGE_DIRTY);
}

static int pager_may_store(struct object *object, struct vm_wait *wait)
{
	(void)object;
	if (ndirty < dirty_most)
		return 0;
	wait->queue = &cleaned;
	wait->seq = waitq_sample(&cleaned);
	return VM_WAIT;
}

static void pager_write(struct object *object, struct page *page)
{
	assert_true(spin_lock_held(&object->lock));
	assert_true(page_has(page, PAGE_DIRTY) && !page_has(page, PAGE_WRITING));
	assert_int_equal(PAGE_ONE_REF, page->counts);
	if (!writes_begin || written)
		return;
	page_get(page);
	page_start_write(page);
	ndirty--;
	written = page;
}

static void pager_left(struct object *object, struct page *page)
{
	assert_true(spin_lock_held(&object->lock));
	assert_ptr_equal(object, page->owner);
	if (page_has(page, PAGE_DIRTY)) {
		page_clear(page, PAGE_DIRTY);
		ndirty--;
		nleft_dirty++;
	} else {
		nleft_clean++;
	}
}

static int pager_first_writer(struct object *object)
{
	(void)object;
	return 0;
}

static void pager_last_writer(struct object *object)
{
	assert_int_equal(0, object->writers);
	nlast_writers++;
}

static void pager_writer_left(struct object *object)
{
	assert_true(spin_lock_held(&object->lock));
	nwriters_left++;
}

static void pager_destroy(struct object *object)
{
	free(object);
}

static const struct object_ops pager_ops = {
	.name = "pager",
	.read_page = pager_read,
	.write_page = pager_write,
	.stored = pager_stored,
	.may_store = pager_may_store,
	.left = pager_left,
	.first_writer = pager_first_writer,
	.last_writer = pager_last_writer,
	.writer_left = pager_writer_left,
	.destroy = pager_destroy,
};

/* A pager that is a program. */
static const struct object_ops served_ops = {
	.name = "served pager",
	.served = true,
	.read_page = pager_read,
	.left = pager_left,
	.destroy = pager_destroy,
};

/* The write that pager_write() has begun ends. */
static void end_write(void)
{
	memcpy(store + written->index * P, page_address(written), P);
	page_end_write(written);
	page_put(written);
	written = NULL;
	npages_written++;
	waitq_wake_all(&cleaned);
}

static struct object *begin_with(const struct object_ops *ops)
{
	struct map_request request = { .addr = AT,
				       .len = PAGES * P,
				       .prot = RW,
				       .max_prot = 7,
				       .flags = MAP_SHARED | MAP_FIXED };
	struct object *object = malloc(sizeof(*object));
	vaddr_t got;

	start();
	assert_non_null(object);
	for (unsigned i = 0; i < sizeof(store); i++)
		store[i] = (unsigned char)(i / P + 1);
	ndirty = npages_read = npages_written = nleft_dirty = nleft_clean = nwriters_left =
		nlast_writers = 0;
	dirty_most = PAGES;
	writes_begin = true;
	reads_last = false;
	written = being_read = NULL;
	waitq_init(&cleaned);
	object_init(object, ops, sizeof(store));
	request.object = object;
	assert_int_equal(0, vm_map(&space, &request, &got));
	return object;
}

static struct object *begin_pager(void)
{
	return begin_with(&pager_ops);
}

static void end_pager(struct object *object)
{
	rig_check();
	assert_int_equal(0, vm_unmap(&space, AT, PAGES * P));
	object_put(object);
	end();
}

/* R92: a store that makes a page dirty is told once, and waits while too many pages are dirty. */
TEST(stores_wait_for_the_limit)
{
	struct object *object = begin_pager();

	dirty_most = 2;
	assert_int_equal(0, fake_store(AT, 'a'));
	assert_int_equal(0, fake_store(AT, 'b'));
	assert_int_equal(1, ndirty);
	assert_int_equal(0, fake_store(AT + P, 'c'));
	assert_int_equal(-1, fake_store(AT + 2 * P, 'd'));
	assert_int_equal(VM_WAIT, rig_outcome);
	assert_int_equal(2, ndirty);
	dirty_most = 3;
	assert_int_equal(0, fake_store(AT + 2 * P, 'd'));
	assert_int_equal(3, ndirty);
	end_pager(object);
}

/*
 * R92 R95: reclaim offers a cold dirty page to write_page(). A page that the pager leaves as it is stays. One that is
 * written is dropped after the write, and a load reads it from the store.
 */
TEST(dirty_pages_are_written_before_they_go)
{
	struct object *object = begin_pager();

	assert_int_equal(0, fake_store(AT + 3 * P, 'x'));
	assert_int_equal(0, vm_unmap(&space, AT, PAGES * P));
	writes_begin = false;
	(void)reclaim(1000);
	assert_int_equal(1, object->npages);
	assert_int_equal(0, nleft_dirty + nleft_clean);
	writes_begin = true;
	(void)reclaim(1000);
	assert_non_null(written);
	assert_int_equal(1, object->npages); /* the write has a reference */
	end_write();
	assert_int_equal('x', store[3 * P]);
	(void)reclaim(1000);
	assert_int_equal(0, object->npages);
	assert_int_equal(1, nleft_clean);
	assert_int_equal(1, npages_written);
	npages_read = 0;
	assert_int_equal(1, object_read_kernel(object, 3 * P, &store[0], 1));
	assert_int_equal(1, npages_read);
	assert_int_equal('x', store[0]);
	end_pager(object);
}

/* R92: left() is called for each page that a truncation cuts off, and sees which of them were dirty. */
TEST(pages_that_are_cut_off_are_told)
{
	struct object *object = begin_pager();

	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(i % 2 ? 0 : (int)i + 1,
				 i % 2 ? fake_store(AT + i * P, 'y') : fake_load(AT + i * P));
	assert_int_equal(PAGES / 2, ndirty);
	assert_int_equal(0, object_set_size(object, 2 * P));
	assert_int_equal(3, nleft_dirty);
	assert_int_equal(3, nleft_clean);
	assert_int_equal(1, ndirty);
	end_pager(object);
}

/* R92: writer_left() is called for each writer that goes, after last_writer() if it was the last. */
TEST(writers_that_leave_are_told)
{
	struct object *object = begin_pager();

	assert_int_equal(0, object_get_write(object));
	assert_int_equal(0, object_get_write(object));
	object_put_write(object);
	assert_int_equal(1, nwriters_left);
	assert_int_equal(0, nlast_writers);
	object_put_write(object);
	assert_int_equal(2, nwriters_left);
	assert_int_equal(1, nlast_writers);
	end_pager(object);
}

/* Asks for the page 5 while the pager reads it. Returns what the wait is for. */
static unsigned why_of_read(struct object *object)
{
	struct vm_wait wait = { 0 };
	struct page *page;

	reads_last = true;
	assert_int_equal(VM_WAIT, object_page(object, 5, &page, &wait));
	assert_int_equal(VM_WAIT, object_page(object, 5, &page, &wait));
	page_read_done(being_read, 0);
	reads_last = false;
	assert_int_equal(0, object_page(object, 5, &page, &wait));
	page_put(page);
	return wait.why;
}

/* R92: only the pages of an object whose ops say `served` are a program's. */
TEST(pages_of_a_device_are_not_served)
{
	struct object *object = begin_pager();

	assert_int_equal(WAITS_FOR_FILE, why_of_read(object) & ~WAITS_FOR_OTHER);
	assert_int_equal(0, page_cache_served());
	end_pager(object);
}

/* R92: waits for a program that brings pages are known as such, and its pages are counted as long as they are in the index. */
TEST(pages_that_a_program_serves_are_counted)
{
	struct object *object = begin_with(&served_ops);

	assert_int_equal(WAITS_FOR_SERVER, why_of_read(object) & ~WAITS_FOR_OTHER);
	assert_int_equal(1, page_cache_served());
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(i == 5 ? 0 : (int)i + 1, i == 5 ? 0 : fake_load(AT + i * P));
	assert_int_equal(PAGES, page_cache_served());
	assert_int_equal(0, object_set_size(object, 6 * P));
	assert_int_equal(6, page_cache_served());
	assert_int_equal(0, vm_unmap(&space, AT, PAGES * P));
	(void)reclaim(1000);
	assert_int_equal(0, page_cache_served());
	end_pager(object);
}

/* ---- what cachestat tells ---- */

static void expect_cached(struct object_cached want, struct object *object, uint64_t first,
			  uint64_t last)
{
	struct object_cached got = { 0 };

	assert_int_equal(0, object_count_cached(object, first, last, &got));
	assert_int_equal(want.cached, got.cached);
	assert_int_equal(want.dirty, got.dirty);
	assert_int_equal(want.writing, got.writing);
	assert_int_equal(want.evicted, got.evicted);
	assert_int_equal(want.recent, got.recent);
}

/* Pages that are clean, dirty, being written and both; only those of the range. */
TEST(cached_pages_are_counted)
{
	struct object *object = begin_pager();

	expect_cached((struct object_cached){ 0 }, object, 0, UINT64_MAX);
	for (unsigned i = 0; i < 3; i++)
		assert_true(fake_load(AT + i * P) >= 0);
	for (unsigned i = 3; i < 5; i++)
		assert_int_equal(0, fake_store(AT + i * P, 'x'));
	expect_cached((struct object_cached){ .cached = 5, .dirty = 2 }, object, 0, UINT64_MAX);
	expect_cached((struct object_cached){ .cached = 2, .dirty = 1 }, object, 2, 3);
	expect_cached((struct object_cached){ .cached = 1, .dirty = 1 }, object, 4, 4);
	expect_cached((struct object_cached){ 0 }, object, 5, 7);
	expect_cached((struct object_cached){ 0 }, object, 3, 2);
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	(void)reclaim(1000);
	assert_non_null(written);
	expect_cached((struct object_cached){ .cached = 1, .writing = 1 }, object, 3, 3);
	assert_int_equal(7, object_write_kernel(object, 3 * P, "written", 7));
	expect_cached((struct object_cached){ .cached = 1, .dirty = 1, .writing = 1 }, object, 3,
		      3);
	end_write();
	expect_cached((struct object_cached){ .cached = 1, .dirty = 1 }, object, 3, 3);
	end_pager(object);
}

/* What was dropped counts as such until it is there again, and as recent for one turn of the clock's hand. */
TEST(dropped_pages_are_counted)
{
	struct object *object = begin_pager();
	char byte;

	for (unsigned i = 0; i < 3; i++)
		assert_true(fake_load(AT + i * P) >= 0);
	assert_int_equal(0, vm_unmap(&space, AT, PAGES * P));
	(void)reclaim(3); /* no further: what is not recent is forgotten in the next turn */
	clock_hand.last_passed = PAGES;
	expect_cached((struct object_cached){ .evicted = 3, .recent = 3 }, object, 0, UINT64_MAX);
	expect_cached((struct object_cached){ .evicted = 1, .recent = 1 }, object, 1, 1);
	assert_int_equal(1, object_read_kernel(object, P, &byte, 1));
	expect_cached((struct object_cached){ .cached = 1, .evicted = 2, .recent = 2 }, object, 0,
		      UINT64_MAX);
	clock_hand.last_passed = 3; /* as many as were dropped */
	expect_cached((struct object_cached){ .cached = 1, .evicted = 2, .recent = 2 }, object, 0,
		      UINT64_MAX);
	clock_hand.last_passed = 2;
	expect_cached((struct object_cached){ .cached = 1, .evicted = 2 }, object, 0, UINT64_MAX);
	clock_hand.last_passed = 0;
	end_pager(object);
}
