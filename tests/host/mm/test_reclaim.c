/* SPDX-License-Identifier: MIT */
/* R80. Which pages reclaim takes and which it leaves: cold and clean ones first, never what is in use. */
#include "one_space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "linux/mem/mem.h"
#include "mm/object/object_io.h"
#include "mm/object/page_cache.h"
#include "mm/swap/page_age.h"
#include "mm/swap/reclaim.h"

#define P PAGE_SIZE

/* Pages [first, first + n) of the mapping at AT are read. */
static void touch(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		assert_int_equal(rig_byte(i * P), fake_load(AT + i * P) & 0xff);
}

static struct object *map_new(unsigned npages, unsigned flags)
{
	struct map_request request = { .addr = AT,
				       .len = npages * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = flags | MAP_FIXED,
				       .object = rig_file(npages * P) };
	vaddr_t at;

	assert_int_equal(0, vm_map(&space, &request, &at));
	return request.object;
}

static unsigned resident(struct object *file, unsigned first, unsigned n)
{
	unsigned there = 0;

	for (unsigned i = first; i < first + n; i++) {
		struct page *page = object_page_resident(file, i);

		there += page != NULL;
		if (page)
			page_put(page);
	}
	return there;
}

static void finish(struct object *file)
{
	object_put(file);
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
	end();
}

/* A page that was brought in and not used again goes in the second turn; its bytes come back. */
TEST(cold_pages_go)
{
	struct object *file;
	unsigned left;
	size_t before;

	start();
	file = map_new(64, MAP_PRIVATE);
	touch(0, 64);
	before = page_alloc_free_count();
	assert_true(reclaim(40) >= 40);
	assert_true(page_alloc_free_count() >= before + 40);
	assert_true(space.resident <= 24);
	rig_check();
	rig_reads = 0;
	left = resident(file, 0, 64);
	touch(0, 64);
	assert_int_equal(64 - left, rig_reads);
	assert_int_equal(64, resident(file, 0, 64));
	finish(file);
}

/* What SHM_LOCK keeps in memory stays there until SHM_UNLOCK. */
/* clear_refs takes the accessed bit, and tells reclaim of the use that it showed: of one only. */
TEST(a_cleared_use_counts_once)
{
	struct page *page;

	start();
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 1));
	page = pfn_to_page(entry_pfn(entry_load(arch_mmu_lookup(&space.mmu, AT))));
	assert_int_equal(0, vm_clear_refs(&space, VM_REFS_ALL));
	assert_int_equal(0, vm_clear_refs(&space, VM_REFS_ALL));
	assert_true(page_has(page, PAGE_USED_ONCE));
	assert_false(page_has(page, PAGE_USED));
	assert_int_equal(1, fake_load(AT));
	assert_int_equal(0, vm_clear_refs(&space, VM_REFS_ALL));
	assert_true(page_has(page, PAGE_USED));
	end();
}

TEST(pages_of_a_locked_object_stay)
{
	struct object *file;

	start();
	file = map_new(64, MAP_SHARED);
	touch(0, 64);
	file->locked = true;
	assert_int_equal(0, reclaim(40));
	assert_int_equal(64, resident(file, 0, 64));
	file->locked = false;
	assert_true(reclaim(40) >= 40);
	finish(file);
}

/* Everything cold is found in the end, and nothing more is promised. */
TEST(as_much_as_there_is)
{
	struct object *file;

	start();
	file = map_new(100, MAP_SHARED);
	touch(0, 100);
	assert_int_equal(100, reclaim(1000));
	assert_int_equal(0, space.resident);
	assert_int_equal(0, reclaim(1));
	finish(file);
}

/* The thread that nobody waits for takes what is cold, and leaves what was in use some turns ago. */
TEST(ahead_of_need)
{
	uint64_t direct = reclaim_counts.direct;
	struct object *file;

	start();
	file = map_new(100, MAP_SHARED);
	touch(0, 100);
	for (unsigned i = 0; i < 50; i++) {
		struct page *page = object_page_resident(file, i);

		page_set_hot(page);
		page_put(page);
	}
	assert_in_range(reclaim_ahead(1000), 50, 99);
	assert_true(resident(file, 0, 50) > 0);
	assert_int_equal(0, resident(file, 50, 50));
	assert_int_equal(direct, reclaim_counts.direct);
	assert_true(reclaim(1000) > 0);
	assert_int_equal(direct + 1, reclaim_counts.direct);
	assert_int_equal(0, space.resident);
	finish(file);
}

/* Each time that the hand passes a hot page, and hot pages are to cool, it is less hot. */
TEST(hot_pages_cool_down_in_steps)
{
	struct object *file;
	struct page *page;

	start();
	file = map_new(1, MAP_SHARED);
	touch(0, 1);
	page = object_page_resident(file, 0);
	page_set_cold(page);
	assert_true(page_is_cold(page, false));
	page_set_hot(page);
	for (unsigned i = 0; i < PAGE_HEAT_MAX; i++) {
		assert_false(page_is_cold(page, false));
		assert_true(page_is_cold(page, true));
		page_pass(page, false);
		assert_false(page_is_cold(page, false));
		page_pass(page, true);
	}
	assert_true(page_is_cold(page, false));
	page_put(page);
	finish(file);
}

/* R80: written pages, private copies and pages that somebody holds stay. */
TEST(what_stays)
{
	struct object *file;
	struct page *held;
	struct vm_wait wait = { 0 };

	start();
	file = map_new(8, MAP_SHARED);
	touch(0, 8);
	assert_int_equal(0, fake_store(AT + 2 * P, 77));
	assert_int_equal(7, object_write_kernel(file, 3 * P, "written", 7));
	assert_int_equal(0, object_page(file, 4, &held, &wait));
	map(AT + MIB, 1, RW);
	assert_int_equal(0, fake_store(AT + MIB, 78));
	assert_int_equal(5, reclaim(1000));
	assert_int_equal(3, resident(file, 2, 3));
	assert_int_equal(3, resident(file, 0, 8));
	page_put(held);
	assert_int_equal(77, fake_load(AT + 2 * P));
	assert_int_equal('w', fake_load(AT + 3 * P) & 0xff);
	assert_int_equal(78, fake_load(AT + MIB));
	finish(file);
}

TEST(locked_memory_stays)
{
	struct object *file;

	start();
	file = map_new(32, MAP_SHARED);
	assert_int_equal(0, vm_lock(&space, AT, 16 * P, VMA_LOCKED));
	touch(0, 32);
	assert_int_equal(16, reclaim(1000));
	assert_int_equal(16, resident(file, 0, 16));
	assert_int_equal(0, vm_unlock(&space, AT, 16 * P));
	assert_int_equal(16, reclaim(1000));
	finish(file);
}

static unsigned pauses_left;

static int kill_in_time(struct vm_wait *wait)
{
	(void)wait;
	return pauses_left-- ? 0 : -EINTR;
}

/* The hand is in a space, or at an object, that goes away. */
TEST(the_place_of_the_hand_goes_away)
{
	start();
	for (unsigned i = 0; i < 60; i++) {
		struct object *file = map_new(300, MAP_SHARED), *other = rig_file(50 * P);
		struct space *child = malloc(sizeof(*child));
		struct page *page;
		struct vm_wait wait = { 0 };

		touch(0, 300);
		rig_create(child);
		assert_int_equal(0, vm_fork(&space, child));
		for (unsigned n = 0; n < 50; n++) {
			assert_int_equal(0, object_page(other, n, &page, &wait));
			page_put(page);
		}
		rig_pause = kill_in_time;
		pauses_left = i;
		(void)reclaim(1 + i * 7);
		rig_pause = NULL;
		object_put(other);
		rig_destroy(child);
		free(child);
		(void)reclaim(1 + i);
		object_put(file);
		assert_int_equal(0, vm_unmap(&space, AT, GIB));
		rig_check();
	}
	end();
}

static unsigned nlooks;

static void see_no_list_locked(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_SPACE)
		return;
	assert_false(spin_lock_held(&spaces_lock));
	nlooks++;
}

/* Whoever creates a space meanwhile, or ends another one, need not wait for the hand's look at this one. */
TEST(the_hand_looks_at_a_space_without_the_lock_of_all)
{
	struct object *file;

	start();
	file = map_new(300, MAP_SHARED);
	touch(0, 300);
	nlooks = 0;
	interleave_hook = see_no_list_locked;
	(void)reclaim(20);
	interleave_hook = NULL;
	assert_true(nlooks > 0);
	object_put(file);
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
	rig_check();
	end();
}

TEST(a_kill_ends_it)
{
	struct object *file;

	start();
	file = map_new(600, MAP_SHARED);
	touch(0, 600);
	rig_pause = kill_in_time;
	pauses_left = 3;
	assert_int_equal(-EINTR, reclaim(1000));
	rig_pause = NULL;
	finish(file);
}

/* ---- how well it chooses ---- */

#define TRACE	 20000u
#define FRAMES_N 200u /* pages that may be resident */
#define PAGES_N	 800u

static unsigned trace[TRACE];

static void make_zipf(void)
{
	for (unsigned i = 0; i < TRACE; i++)
		trace[i] =
			test_zipf(PAGES_N) * 397 % PAGES_N; /* neighbours have nothing in common */
}

/* Misses of exact LRU. */
static unsigned lru_misses(void)
{
	static unsigned last[PAGES_N];
	unsigned misses = 0, there = 0;

	memset(last, 0, sizeof(last));
	for (unsigned i = 0; i < TRACE; i++) {
		unsigned oldest = 0;

		if (!last[trace[i]]) {
			misses++;
			for (unsigned k = 0; there == FRAMES_N && k < PAGES_N; k++)
				if (last[k] && (!oldest || last[k] < oldest))
					oldest = last[k];
			for (unsigned k = 0; oldest && k < PAGES_N; k++)
				if (last[k] == oldest)
					last[k] = 0;
			there += there < FRAMES_N;
		}
		last[trace[i]] = i + 1;
	}
	return misses;
}

/* Makes room for a page. */
static void make_room(struct object *file)
{
	while (file->npages >= FRAMES_N)
		assert_true(reclaim(1) > 0);
}

/* Reads of pages through a mapping, where so many frames are kept as above. */
static unsigned our_misses(struct object *file)
{
	rig_reads = 0;
	for (unsigned i = 0; i < TRACE; i++) {
		make_room(file);
		assert_int_equal(rig_byte(trace[i] * P), fake_load(AT + trace[i] * P) & 0xff);
	}
	return rig_reads;
}

/* R80: fewer pages are read than with exact LRU, for hot pages cool down slowly. */
TEST(zipf_beside_lru)
{
	struct object *file;
	unsigned ours, lru;

	start();
	make_zipf();
	lru = lru_misses();
	file = map_new(PAGES_N, MAP_SHARED);
	ours = our_misses(file);
	printf("# %u reads, exact LRU: %u\n", ours, lru);
	assert_true(ours * 100 <= lru * 93);
	finish(file);
}

enum { SET = FRAMES_N / 2, SCAN = 4 * FRAMES_N };

/*
 * Reads the pages behind the first SET once each, and of these one page in between, from the space
 * `user`. Returns how many of the first SET were read again, but for those in the first `unheard`
 * steps.
 */
static unsigned scan(struct object *file, struct space *user, unsigned unheard)
{
	unsigned again = 0, before;

	for (unsigned i = 0; i < unheard + SCAN; i++) {
		make_room(file);
		rig_run(&space);
		touch(SET + i, 1);
		make_room(file);
		rig_run(user);
		before = rig_reads;
		touch(i % SET, 1);
		again += i < unheard ? 0 : rig_reads - before;
	}
	rig_run(&space);
	printf("# %u of %u pages in use were read again in a scan of %u\n", again, SET, SCAN);
	return again;
}

/*
 * A scan of four times the memory, while half the memory is in use, each page once in a hundred
 * steps: at most a tenth of it is read again.
 */
TEST(a_scan_leaves_the_working_set)
{
	struct object *file;

	start();
	file = map_new(2 * SET + SCAN + FRAMES_N, MAP_SHARED);
	touch(0, SET);
	assert_true(scan(file, &space, FRAMES_N) <= SET / 10);
	finish(file);
}

/* What is left of pages that were dropped long ago takes no memory. */
TEST(old_marks_go)
{
	enum { LONG = 20 * FRAMES_N };
	struct object *file;

	start();
	file = map_new(LONG, MAP_SHARED);
	for (unsigned i = 0; i < LONG; i++) {
		make_room(file);
		touch(i, 1);
	}
	assert_true(file->pages.count <= 4 * FRAMES_N);
	finish(file);
}

/* Pages that another space uses stay. */
TEST(one_of_two_uses_them)
{
	struct object *file;
	struct space child;

	start();
	file = map_new(2 * SET + SCAN + FRAMES_N, MAP_SHARED);
	touch(0, SET);
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	assert_true(scan(file, &child, FRAMES_N) <= SET / 10);
	rig_destroy(&child);
	finish(file);
}

/* Pages that are in use no more make room in the end. */
TEST(what_was_hot_cools_down)
{
	struct object *file;

	start();
	file = map_new(2 * SET + SCAN + FRAMES_N, MAP_SHARED);
	(void)scan(file, &space, 0);
	assert_int_equal(SET, resident(file, 0, SET));
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < FRAMES_N - 10; i++) {
			make_room(file);
			touch(SET + i, 1);
		}
	}
	assert_true(resident(file, 0, SET) < SET / 4);
	rig_reads = 0;
	for (unsigned i = 0; i < FRAMES_N - 10; i++) {
		make_room(file);
		touch(SET + i, 1);
	}
	printf("# %u of %u pages in use were read again\n", rig_reads, FRAMES_N - 10);
	assert_true(rig_reads < FRAMES_N / 4);
	finish(file);
}

/* ---- beside the reclaim thread ---- */

static uint64_t turns_before;
static bool has_run;

/* The thread wakes up in the third turn of another one's reclaim, and makes turns of its own. */
static int thread_runs(struct vm_wait *wait)
{
	(void)wait;
	if (has_run || reclaim_counts.turns - turns_before != 2)
		return 0;
	has_run = true;
	assert_int_equal(0, reclaim_ahead(1000));
	return 0;
}

/* R43: its turns do not take the place of the hard one, without which a process would be killed. */
TEST(turns_of_the_thread_are_not_hard)
{
	struct object *file;

	start();
	file = map_new(100, MAP_SHARED);
	touch(0, 100);
	assert_int_equal(0, vm_lock(&space, AT, 30 * P, VMA_LOCKED));
	for (unsigned i = 30; i < 100; i++) {
		struct page *page = object_page_resident(file, i);

		page_set_hot(page);
		page_put(page);
	}
	turns_before = reclaim_counts.turns;
	has_run = false;
	rig_pause = thread_runs;
	assert_true(reclaim(32) >= 32);
	assert_true(has_run);
	rig_pause = NULL;
	assert_int_equal(0, vm_unlock(&space, AT, 30 * P));
	finish(file);
}
