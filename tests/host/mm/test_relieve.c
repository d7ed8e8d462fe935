/* SPDX-License-Identifier: MIT */
/* The door for who waits for memory: what is tried before anybody is ended, and who may have the last frames. */
#include "one_space.h"

#include "arch/timer.h"
#include "base/clock.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "mm/object/page_cache.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"

#define P PAGE_SIZE

static struct page *taken;
static unsigned asked;

/* Nobody is left. */
static int refuse(struct relief *relief)
{
	(void)relief;
	asked++;
	return -ENOMEM;
}

static struct page *take(enum page_alloc_from from)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, from);

	if (page) {
		page->link.next = taken ? &taken->link : NULL;
		taken = page;
	}
	return page;
}

static void give(size_t n)
{
	while (taken && n--) {
		struct page *page = taken;

		taken = page->link.next ? list_entry(page->link.next, struct page, link) : NULL;
		page_free(page, 0);
	}
}

static void begin(void)
{
	start();
	page_alloc_set_reserve(32);
	mm_host.relieve = refuse;
	asked = 0;
	taken = NULL;
	map(AT, 64, RW);
	assert_int_equal(0, fake_store(AT, 1));
}

/* No frame is left but the reserve, and nothing can be trimmed but what is made afterwards. */
static void take_all(void)
{
	mm_trim();
	while (take(PAGE_NORMAL))
		;
	mm_trim();
	while (take(PAGE_NORMAL))
		;
}

static void finish(void)
{
	give(SIZE_MAX);
	page_alloc_set_reserve(0);
	end();
}

/* The pages of a file that are there and clean, in the last frames. */
static struct object *cached(unsigned npages)
{
	struct object *file = rig_file(npages * P);

	take_all();
	give(npages + 8);
	for (unsigned i = 0; i < npages; i++) {
		struct vm_wait wait = { 0 };
		struct page *page;

		assert_int_equal(0, object_page(file, i, &page, &wait));
		page_put(page);
	}
	while (take(PAGE_NORMAL))
		;
	return file;
}

/* R43: clean pages that nobody uses go for whoever asks. */
TEST(clean_pages_are_had)
{
	struct object *file;
	struct space child;
	uint64_t word = 7;

	begin();
	for (unsigned i = 1; i < 4; i++) {
		map(AT + i * GIB, 1, RW);
		assert_int_equal(0, fake_store(AT + i * GIB, 1));
	}
	file = cached(64);
	assert_int_equal(0, space_create(&child));
	assert_int_equal(0, vm_fork(&space, &child));
	object_put(file);
	file = cached(64);
	assert_int_equal(0, vm_copy_to(&child, AT, &word, sizeof(word)));
	object_put(file);
	file = cached(64);
	assert_int_equal(0, vm_lock(&space, AT, 40 * P, VMA_LOCKED));
	object_put(file);
	assert_int_equal(0, asked);
	give(SIZE_MAX);
	rig_destroy(&child);
	finish();
}

/* Another thread has the page filled while room is made. */
static int fill_meanwhile(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	give(1);
	assert_int_equal(0, fake_store(AT + P, 1));
	assert_null(page_alloc(0, PAGE_KERNEL, PAGE_NORMAL));
	return 0;
}

/* R43: nobody has to go for a page that is there by then. */
TEST(looks_again)
{
	begin();
	take_all();
	rig_pause = fill_meanwhile;
	assert_int_equal(0, vm_lock(&space, AT, 2 * P, VMA_LOCKED));
	assert_int_equal(0, asked);
	assert_int_equal(-EAGAIN, vm_lock(&space, AT, 3 * P, VMA_LOCKED));
	assert_int_equal(1, asked);
	finish();
}

/* What gives memory back needs none of others' for it. */
TEST(unmap_has_the_reserve)
{
	unsigned at = 1;

	begin();
	take_all();
	while (vm_protect(&space, AT + at * P, P, PROT_READ) == 0)
		at += 2;
	assert_in_range(at, 1, 40);
	assert_int_equal(1, asked);
	asked = 0;
	for (; at < 63; at += 2)
		assert_int_equal(0, vm_unmap(&space, AT + at * P, P));
	assert_int_equal(0, asked);
	finish();
}

static bool yes(void)
{
	return true;
}

/* A process on its way out has what it needs for that: pages, tables, objects. */
TEST(the_ending_have_the_reserve)
{
	bool (*no)(void) = mm_host.is_ending;

	begin();
	map(AT + 5 * GIB, 1, RW);
	take_all();
	assert_int_equal(VM_OOM, fault(AT + 5 * GIB, VM_PROT_WRITE));
	assert_null(page_alloc(1, PAGE_KERNEL, PAGE_NORMAL));
	mm_host.is_ending = yes;
	assert_int_equal(0, fault(AT + 5 * GIB, VM_PROT_WRITE));
	assert_int_equal(0, fake_load(AT + 5 * GIB));
	assert_null(page_alloc(0, PAGE_ANON, PAGE_OPTIONAL));
	while (take(PAGE_NORMAL))
		;
	assert_int_equal(0, page_alloc_free_count());
	mm_host.is_ending = no;
	finish();
}

/* A file that grows ends nobody, and is told that there is no room. */
static int remember(struct relief *relief)
{
	asked += relief->spare;
	return -ENOMEM;
}

TEST(growth_spares_all)
{
	struct object *object;

	begin();
	object = object_create_anon(0);
	take_all();
	mm_host.relieve = remember;
	assert_int_equal(-ENOSPC, object_write_kernel(object, 0, "grows", 5));
	assert_int_equal(1, asked);
	give(16);
	assert_int_equal(5, object_write_kernel(object, 0, "grows", 5));
	object_put(object);
	finish();
}

static SLAB_CACHE(own_cache, struct vma);

/* R43: what is asked for by the door comes from what is trimmed; without that it is refused, once somebody was asked. */
TEST(door)
{
	struct mmu_tables tables = { 0 };
	struct object *file;
	struct page *page;
	void *object;

	begin();
	file = cached(64);
	page = page_alloc_wait(0, PAGE_KERNEL);
	assert_non_null(page);
	page_put(page);
	object_put(file);
	file = cached(64);
	assert_int_equal(0, tables_fill_wait(&tables, 3));
	assert_int_equal(3, tables.count);
	tables_free(&tables);
	object_put(file);
	assert_int_equal(0, asked);
	take_all();
	assert_null(page_alloc_wait(0, PAGE_KERNEL));
	assert_int_equal(1, asked);
	assert_int_equal(-ENOMEM, tables_fill_wait(&tables, 3));
	assert_int_equal(2, asked);
	assert_null(slab_alloc_wait(&own_cache));
	assert_int_equal(3, asked);
	tables_free(&tables);
	object = slab_alloc_last(&own_cache); /* of the reserve */
	assert_non_null(object);
	assert_int_equal(3, asked);
	slab_free(&own_cache, object);
	finish();
}

static int killed(struct vm_wait *wait)
{
	(void)wait;
	return -EINTR;
}

/* R43: who has been killed gets nothing, though there is what could be trimmed, and nobody ends for it. */
TEST(the_killed_get_nothing)
{
	struct mmu_tables tables = { 0 };
	struct relief relief = { 0 };
	struct object *file;

	begin();
	file = cached(64);
	rig_pause = killed;
	assert_int_equal(-EINTR, relieve(&relief));
	assert_int_equal(0, relief.turn);
	assert_null(page_alloc_wait(0, PAGE_KERNEL));
	assert_null(slab_alloc_wait(&own_cache));
	assert_int_equal(-EINTR, tables_fill_wait(&tables, 1));
	assert_int_equal(-EINTR, vm_lock(&space, AT, 2 * P, VMA_LOCKED));
	rig_pause = NULL;
	assert_int_equal(64, file->npages);
	assert_int_equal(0, asked);
	tables_free(&tables);
	object_put(file);
	finish();
}

static int time_passes(struct vm_wait *wait)
{
	(void)wait;
	fake_time += 1000;
	return 0;
}

/* Returns the number of searches that this one needs: none, if one in vain counts for it. */
static uint64_t searches(void)
{
	uint64_t before = counter_read(&reclaim_counts.direct);
	struct relief relief = { 0 };

	assert_int_equal(0, relieve(&relief));
	assert_int_equal(1, relief.turn);
	return counter_read(&reclaim_counts.direct) - before;
}

/* R43 R132: a search in vain counts for others, for some time and until pages are dropped. */
TEST(a_search_in_vain_counts_for_others)
{
	begin();
	clock_init(10000000);
	take_all();
	rig_pause = time_passes;
	assert_int_equal(1, searches());
	rig_pause = NULL;
	assert_int_equal(0, searches());
	assert_int_equal(0, searches());
	fake_time += UINT32_MAX;
	rig_pause = time_passes;
	assert_int_equal(1, searches());
	rig_pause = NULL;
	assert_int_equal(0, searches());
	counter_add(&reclaim_counts.dropped, 64);
	rig_pause = time_passes;
	assert_int_equal(1, searches());
	rig_pause = NULL;
	assert_int_equal(0, searches());
	counter_add(&pages_unmapped, 32);
	assert_int_equal(1, searches());
	finish();
}

/* R43: pages of a file that only a process kept in use are had once it has ended, and nobody is ended for them. */
TEST(pages_that_an_ended_process_used_are_had)
{
	struct relief relief = { 0 };
	struct object *file;

	begin();
	clock_init(10000000);
	file = rig_file(64 * P);
	map_file(file, AT + GIB, 64, 0, NULL, 0);
	assert_int_equal(0, vm_protect(&space, AT + GIB, 64 * P, VM_PROT_READ));
	assert_int_equal(0, vm_lock(&space, AT + GIB, 64 * P, VMA_LOCKED));
	take_all();
	rig_pause = time_passes;
	assert_int_equal(1, searches());
	rig_pause = NULL;
	assert_int_equal(0, searches());
	rig_destroy(&space);
	while (take(PAGE_NORMAL))
		;
	assert_int_equal(0, relieve(&relief));
	assert_int_equal(0, relief.turn);
	assert_true(page_alloc_free_count() >= RECLAIM_BATCH);
	assert_int_equal(0, asked);
	object_put(file);
	give(SIZE_MAX);
	page_alloc_set_reserve(0);
	check_gone();
}
