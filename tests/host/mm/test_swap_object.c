/* SPDX-License-Identifier: MIT */
/* R80 to R84. Pages of objects that went to swap: shared memory, and what was written to files. */
#include "one_swap.h"

#include <string.h>

#include "mm/check/alloc_fail.h"
#include "linux/mem/object_holes.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/swap/swap_io.h"
#include "mm/swap/swap_off.h"
#include "linux/mem/object_room.h"

/* Drops the test's reference to the object, and ends. */
static void finish_with(struct object *object)
{
	object_put(object);
	finish();
}

/* Maps the object at `at`. */
static void show(struct space *where, struct object *object, vaddr_t at, unsigned flags)
{
	struct map_request request = { .addr = at,
				       .len = ALIGN_UP(object->size, P),
				       .prot = RW,
				       .max_prot = RW,
				       .flags = flags | MAP_FIXED,
				       .object = object };
	vaddr_t got;

	assert_int_equal(0, vm_map(where, &request, &got));
}

TEST(shared_memory_goes_out_and_comes_back) /* R81, R83 */
{
	struct object_cached cached = { 0 };
	struct object *object;
	struct space *child;

	begin(SLOTS);
	object = object_create_anon(40 * P);
	show(&space, object, AT, MAP_SHARED);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(0, fake_store(AT + i * P + i, byte_of(i)));
	child = malloc(sizeof(*child));
	rig_create(child);
	assert_int_equal(0, vm_fork(&space, child));
	assert_int_equal(0, object_count_cached(object, 0, 29, &cached));
	assert_int_equal(30, cached.cached);
	assert_int_equal(0, cached.dirty); /* there is nowhere to write it */
	push_out();
	assert_int_equal(0, object->npages);
	assert_int_equal(40, object->nswapped);
	assert_int_equal(0, object_count_cached(object, 10, UINT64_MAX, &cached));
	assert_int_equal(30, cached.cached);
	assert_int_equal(30, cached.evicted);
	assert_int_equal(0, cached.recent);
	assert_int_equal(0, space.resident);
	assert_int_equal(40, disk_pages_written);
	rig_run(child);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(byte_of(i), fake_load(AT + i * P + i));
	assert_int_equal(0, fake_store(AT + 7, 200));
	rig_run(&space);
	assert_int_equal(200, fake_load(AT + 7));
	assert_int_equal(40, disk_pages_read);
	rig_destroy(child);
	free(child);
	finish_with(object);
}

/* Clean pages are dropped and read again from where they came; written ones go to swap. */
TEST(a_file_that_was_written) /* R80 */
{
	struct object *file;

	begin(SLOTS);
	file = rig_file(20 * P);
	show(&space, file, AT, MAP_SHARED);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(rig_byte(i * P), fake_load(AT + i * P));
	assert_int_equal(0, fake_store(AT + 3 * P, 33));
	assert_int_equal(7, object_write_kernel(file, 5 * P + 1, "written", 7));
	push_out();
	assert_int_equal(0, file->npages);
	assert_int_equal(2, file->nswapped);
	rig_reads = 0;
	assert_int_equal(33, fake_load(AT + 3 * P));
	assert_int_equal('w', fake_load(AT + 5 * P + 1));
	assert_int_equal(rig_byte(5 * P), fake_load(AT + 5 * P));
	assert_int_equal(0, rig_reads);
	assert_int_equal(rig_byte(6 * P), fake_load(AT + 6 * P));
	assert_int_equal(1, rig_reads);
	finish_with(file);
}

TEST(read_and_write_find_them) /* R81 */
{
	struct object *object;
	char text[8] = { 0 };

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(7, object_write_kernel(object, 2 * P, "swapped", 7));
	push_out();
	assert_int_equal(1, object->nswapped);
	assert_int_equal(7, object_read_kernel(object, 2 * P, text, 7));
	assert_string_equal("swapped", text);
	push_out();
	assert_int_equal(1, object_write_kernel(object, 2 * P, "S", 1));
	push_out();
	assert_int_equal(7, object_read_kernel(object, 2 * P, text, 7));
	assert_string_equal("Swapped", text);
	assert_int_equal(7, object_read_kernel(object, P, text, 7)); /* a hole */
	assert_int_equal(0, text[0]);
	finish_with(object);
}

/* What is cut off does not come back, and the rest of the last page does. */
TEST(truncation) /* R82 */
{
	struct object *object;
	char c;

	begin(SLOTS);
	object = object_create_anon(10 * P);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(2, object_write_kernel(object, i * P + 100, "ab", 2));
	push_out();
	assert_int_equal(0, object_set_size(object, 4 * P + 101));
	assert_int_equal(4, object->nswapped);
	assert_int_equal(SLOTS - 4, swap_free());
	assert_int_equal(0, object_set_size(object, 10 * P));
	assert_int_equal(1, object_read_kernel(object, 4 * P + 100, &c, 1));
	assert_int_equal('a', c);
	assert_int_equal(1, object_read_kernel(object, 4 * P + 101, &c, 1));
	assert_int_equal(0, c);
	assert_int_equal(1, object_read_kernel(object, 5 * P + 100, &c, 1));
	assert_int_equal(0, c);
	push_out();
	assert_int_equal(0, object_punch(object, P, 3 * P + 10));
	assert_int_equal(1, object_read_kernel(object, 2 * P + 100, &c, 1));
	assert_int_equal(0, c);
	assert_int_equal(1, object_read_kernel(object, 3 * P + 101, &c, 1));
	assert_int_equal('b', c);
	finish_with(object);
}

static int fail_reads(struct vm_wait *wait)
{
	if (wait && disk_count)
		disk_end(0, disk_requests[0]->write ? 0 : -EIO);
	return 0;
}

/* A truncation that cannot have the page changes nothing. */
TEST(errors) /* R84 */
{
	struct object *object;
	char c;

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(2, object_write_kernel(object, P + 100, "ab", 2));
	push_out();
	rig_pause = fail_reads;
	assert_int_equal(-EIO, object_read_kernel(object, P + 100, &c, 1));
	assert_int_equal(-EIO, object_set_size(object, P + 101));
	assert_int_equal(4 * P, object->size);
	assert_int_equal(-EIO, swap_in_objects());
	rig_check();
	rig_pause = disk_pause;
	alloc_fail_at = 1;
	assert_int_equal(-ENOMEM, object_set_size(object, P + 101));
	alloc_fail_at = 0;
	assert_int_equal(4 * P, object->size);
	assert_int_equal(1, object_read_kernel(object, P + 101, &c, 1));
	assert_int_equal('b', c);
	finish_with(object);
}

/*
 * A hole takes pages in swap with it, with their slots: nothing is read, and no memory is needed. Only
 * the ends, where a part of a page stays, are brought in.
 */
TEST(a_hole_drops_pages_in_swap) /* R82, R84 */
{
	struct object *object;
	char c;

	begin(SLOTS);
	object = object_create_anon(70 * P);
	for (unsigned i = 0; i < 70; i++)
		assert_int_equal(2, object_write_kernel(object, i * P + 100, "ab", 2));
	push_out();
	assert_int_equal(70, object->nswapped);
	alloc_fail_at = 1;
	assert_int_equal(0, object_punch(object, 2 * P, 60 * P));
	alloc_fail_at = 0;
	assert_int_equal(0, disk_reads);
	assert_int_equal(12, object->nswapped);
	assert_int_equal(SLOTS - 12, swap_free());
	rig_check();
	assert_int_equal(0, object_punch(object, 60 * P + 101, 64 * P + 101));
	assert_int_equal(7, object->nswapped);
	assert_in_range(disk_pages_read, 2, 2 * 8);
	assert_int_equal(1, object_read_kernel(object, 60 * P + 100, &c, 1));
	assert_int_equal('a', c);
	assert_int_equal(1, object_read_kernel(object, 62 * P + 100, &c, 1));
	assert_int_equal(0, c);
	assert_int_equal(1, object_read_kernel(object, 64 * P + 101, &c, 1));
	assert_int_equal('b', c);
	finish_with(object);
}

/* A page that is missing there would be read from where the file came. */
TEST(a_hole_in_what_was_read_from_elsewhere) /* R80, R82 */
{
	struct object *file;
	char c;

	begin(SLOTS);
	file = rig_file(8 * P);
	assert_int_equal(7, object_write_kernel(file, 2 * P + 1, "swapped", 7));
	push_out();
	assert_int_equal(1, file->nswapped);
	assert_int_equal(0, object_punch(file, P, 4 * P));
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(1, object_read_kernel(file, i * P + 1, &c, 1));
		assert_int_equal(0, c);
	}
	assert_int_equal(1, object_read_kernel(file, 4 * P, &c, 1));
	assert_int_equal(rig_byte(4 * P), (unsigned char)c);
	finish_with(file);
}

/* The page is on its way to the disk: its slot is free when it has come there. */
TEST(a_hole_during_the_write) /* R82 */
{
	struct object *object;

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(1, object_write_kernel(object, P, "x", 1));
	start_writes();
	assert_int_equal(1, object->nswapped);
	assert_int_equal(0, object_punch(object, 0, 4 * P));
	assert_int_equal(0, object->nswapped);
	disk_end_all();
	assert_int_equal(SLOTS, swap_free());
	finish_with(object);
}

/* Somebody needs the pages of a request to the disk that is not full yet, whenever there is one. */
static int need_filling(struct vm_wait *wait)
{
	if (wait)
		return disk_pause(wait);
	for (unsigned i = 0; swap_filling() && i < 40; i++)
		assert_int_equal(byte_of(i), fake_load(AT + i * P)); /* see serve_waiting() */
	return 0;
}

/* Nobody waits for the thread that has begun a request to add more pages to it: that may take long. */
TEST(a_page_of_a_request_that_is_not_full) /* R81 */
{
	struct object *object;

	begin(SLOTS);
	object = object_create_anon(40 * P);
	show(&space, object, AT, MAP_SHARED);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(0, fake_store(AT + i * P, byte_of(i)));
	rig_pause = need_filling;
	(void)reclaim(10000);
	rig_pause = disk_pause;
	assert_true(disk_writes > 0);
	assert_int_equal(0, swap_filling());
	finish_with(object);
}

static unsigned charged;

static bool charge(struct object *object)
{
	(void)object;
	charged++;
	return true;
}

static void uncharge(struct object *object)
{
	(void)object;
	charged--;
}

static void no_destroy(struct object *object)
{
	(void)object;
}

/* The quota counts memory and swap. */
TEST(charges_stay)
{
	static const struct object_ops ops = {
		.name = "charged", .charge = charge, .uncharge = uncharge, .destroy = no_destroy
	};
	struct object object;
	char c;

	begin(SLOTS);
	object_init(&object, &ops, 8 * P);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(1, object_write_kernel(&object, i * P, "x", 1));
	assert_true(swap_area_freeze(true)); /* nothing goes */
	(void)reclaim(100);
	assert_int_equal(0, object.nswapped);
	assert_true(swap_area_freeze(false));
	push_out();
	assert_int_equal(8, object.nswapped);
	assert_int_equal(8, charged);
	assert_int_equal(1, object_read_kernel(&object, P, &c, 1));
	assert_int_equal(8, charged);
	assert_int_equal(0, object_set_size(&object, 4 * P));
	assert_int_equal(4, charged);
	finish_with(&object);
	assert_int_equal(0, charged);
}

/* MADV_PAGEOUT of shared memory, and of a file that was written in part. */
TEST(paged_out_by_advice)
{
	struct object *object, *file;

	begin(SLOTS);
	object = object_create_anon(10 * P);
	show(&space, object, AT, MAP_SHARED);
	file = rig_file(10 * P);
	show(&space, file, AT + MIB, MAP_SHARED);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(0, fake_store(AT + i * P, byte_of(i)));
		assert_int_equal(rig_byte(i * P), fake_load(AT + MIB + i * P));
	}
	assert_int_equal(0, fake_store(AT + MIB + 2 * P, 77));
	assert_int_equal(0, vm_madvise(&space, AT, 10 * P, MADV_PAGEOUT));
	assert_int_equal(0, vm_madvise(&space, AT + MIB, 10 * P, MADV_PAGEOUT));
	disk_end_all();
	rig_check();
	assert_int_equal(0, object->npages + file->npages);
	assert_int_equal(11, object->nswapped + file->nswapped);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(byte_of(i), fake_load(AT + i * P));
	assert_int_equal(77, fake_load(AT + MIB + 2 * P));
	assert_int_equal(rig_byte(3 * P), fake_load(AT + MIB + 3 * P));
	object_put(file);
	finish_with(object);
}

static bool may_not(struct object *object)
{
	assert_true(spin_lock_held(&object->lock));
	return false;
}

/* Of another user's file mincore tells nothing, and MADV_PAGEOUT sends out only the private copies. */
TEST(cached_pages_of_others)
{
	static const struct object_ops ops = { .name = "another's",
					       .may_know_cached = may_not,
					       .destroy = no_destroy };
	struct object object;
	uint8_t there[8];
	size_t npages;

	begin(SLOTS);
	object_init(&object, &ops, 8 * P);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(1, object_write_kernel(&object, i * P, "x", 1));
	show(&space, &object, AT, MAP_PRIVATE);
	assert_int_equal(8, vm_mincore(&space, AT, 9, there));
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(1, there[i]);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal('x', fake_load(AT + i * P));
	assert_int_equal(0, fake_store(AT, 1));
	npages = object.npages;
	assert_int_equal(0, vm_madvise(&space, AT, 8 * P, MADV_PAGEOUT));
	disk_end_all();
	rig_check();
	assert_int_equal(npages, object.npages);
	assert_int_equal(0, object.nswapped);
	assert_int_equal(1, space.swapped);
	finish_with(&object);
}

TEST(swapoff_brings_them_back) /* R82 */
{
	struct object *object;

	begin(SLOTS);
	object = object_create_anon(150 * P);
	for (unsigned i = 0; i < 150; i += 2)
		assert_int_equal(1, object_write_kernel(object, i * P, "x", 1));
	push_out();
	assert_true(swap_area_freeze(true));
	assert_int_equal(0, swap_in_objects());
	assert_int_equal(0, object->nswapped);
	assert_int_equal(75, object->npages);
	assert_int_equal(SLOTS, swap_area_drain());
	assert_true(swap_area_freeze(false));
	finish_with(object);
}

/* ---- preallocation ---- */

static int page_of_nothing(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object, (void)page, (void)wait;
	return -EIO; /* no page is backed */
}

#define ROOM 40u

static bool charge_within_room(struct object *object)
{
	return charged < ROOM && charge(object);
}

/* Some of its pages could be read again, so that they can be dropped without swap, too. */
static const struct object_ops roomy_ops = { .name = "roomy",
					     .read_page = page_of_nothing,
					     .charge = charge_within_room,
					     .uncharge = uncharge,
					     .destroy = no_destroy };

/* At each pause the hand goes round, and caches are emptied. */
static int reclaim_at_pauses(struct vm_wait *wait)
{
	int (*pause)(struct vm_wait * wait) = rig_pause;

	if (wait)
		return disk_pause(wait);
	rig_pause = disk_pause;
	(void)reclaim(10000);
	object_trim();
	disk_end_all();
	rig_pause = pause;
	return 0;
}

static int allocate(struct object *object, unsigned first, unsigned end, bool grow)
{
	int result;

	rig_pause = reclaim_at_pauses;
	result = object_allocate(object, first * P, end * P, grow);
	rig_pause = disk_pause;
	return result;
}

/* All of it has room in memory or in swap, and no other file gets that. */
static void check_room(struct object *object)
{
	assert_int_equal(ROOM, object->npages + object->nswapped);
	assert_int_equal(ROOM, charged);
	for (unsigned i = 0; i < ROOM; i++)
		assert_int_equal(1, object_write_kernel(object, i * P + i, "x", 1));
	push_out();
	assert_int_equal(ROOM, object->npages + object->nswapped);
	assert_int_equal(ROOM, charged);
	rig_check();
}

/* Reclaim runs while room is made for a file of this size. */
static void preallocate(bool swap, uint64_t size, bool grow)
{
	struct object object;

	begin(SLOTS);
	if (!swap)
		assert_true(swap_area_freeze(true));
	object_init(&object, &roomy_ops, 0);
	assert_int_equal(0, object_set_size(&object, size));
	assert_int_equal(0, allocate(&object, 0, ROOM, grow));
	push_out();
	check_room(&object);
	if (!swap)
		assert_true(swap_area_freeze(false));
	finish_with(&object);
	assert_int_equal(0, charged);
}

TEST(preallocated_pages_stay) /* R92 */
{
	preallocate(false, ROOM * P, false);
}

TEST(preallocated_pages_go_to_swap) /* R84, R92 */
{
	preallocate(true, ROOM * P, false);
}

TEST(pages_preallocated_beyond_the_end_stay) /* R92 */
{
	preallocate(true, 0, false);
}

TEST(pages_preallocated_for_growth_stay) /* R92 */
{
	preallocate(true, P + 1, true);
}

/* What was made before the room ran out is given back; what others have preallocated is not. */
TEST(a_preallocation_fails) /* R92 */
{
	struct object object;
	char c;

	begin(SLOTS);
	object_init(&object, &roomy_ops, 0);
	assert_int_equal(3, object_write_kernel(&object, 4 * P, "abc", 3));
	assert_int_equal(0, allocate(&object, 10, 12, false));
	push_out();
	assert_int_equal(3, charged);
	assert_int_equal(-ENOSPC, allocate(&object, 0, ROOM + 1, true));
	assert_int_equal(3, charged);
	assert_int_equal(3, object.npages + object.nswapped);
	assert_int_equal(4 * P + 3, object.size);
	assert_int_equal(1, object_read_kernel(&object, 4 * P + 1, &c, 1));
	assert_int_equal('b', c);
	finish_with(&object);
}

/* ---- the ledger ---- */

TEST(the_ledger_checks_the_slots_of_indices) /* R111 */
{
	struct object *object;
	void *held;

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(1, object_write_kernel(object, P, "x", 1));
	push_out();
	held = radix_find(&object->pages, 1);
	assert_false(index_is_page(held));
	for (uint64_t slot = SLOTS + 1; slot < 1ul << 36; slot <<= 1) {
		radix_replace(&object->pages, 1, (void *)(slot << 3));
		assert_int_equal(2, ledger_check(NULL)); /* the page's slot has too many, too */
	}
	radix_replace(&object->pages, 1, held);
	finish_with(object);
}

/* A slot has a reference more than was found, or fewer: with one fewer its word is as that of a bad one. */
TEST(the_ledger_finds_wrong_counts_of_slots) /* R111 */
{
	struct object *object;
	void *held;
	uint64_t slot;

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(1, object_write_kernel(object, P, "x", 1));
	push_out();
	held = radix_find(&object->pages, 1);
	slot = (uint64_t)held >> 3;
	assert_int_equal(1, swap_slot_refs(slot));
	for (int wrong = -2; wrong <= 2; wrong++) {
		swap_slot_count(slot, wrong);
		assert_int_equal(wrong != 0, ledger_check(NULL));
		swap_slot_count(slot, -wrong);
		assert_int_equal(0, ledger_check(NULL));
	}
	finish_with(object);
}

/* ---- against a naive model ---- */

#define PAGES 24u

static unsigned char model[PAGES][2]; /* bytes 0 and P - 1 of each page */
static unsigned model_pages;

static void check_all(struct object *object)
{
	assert_int_equal(model_pages * P, object->size);
	for (unsigned i = 0; i < model_pages; i++) {
		assert_int_equal(model[i][0], fake_load(AT + i * P));
		assert_int_equal(model[i][1], fake_load(AT + i * P + P - 1));
	}
}

static void set_size(struct object *object, unsigned pages)
{
	for (unsigned i = pages; i < PAGES; i++)
		model[i][0] = model[i][1] = 0;
	model_pages = pages;
	assert_int_equal(0, object_set_size(object, pages * P));
}

/* Cuts within a page, and grows back. */
static void cut_within(struct object *object, unsigned page)
{
	assert_int_equal(0, object_set_size(object, page * P + 1));
	assert_int_equal(0, object_set_size(object, model_pages * P));
	model[page][1] = 0;
	for (unsigned i = page + 1; i < model_pages; i++)
		model[i][0] = model[i][1] = 0;
}

static void step(struct object *object)
{
	unsigned page = test_below(model_pages), end = test_below(2);
	unsigned char c = (unsigned char)(1 + test_below(255));
	uint64_t at = page * P + end * (P - 1);

	switch (test_below(12)) {
	case 0:
	case 1:
		assert_int_equal(model[page][end], fake_load(AT + at));
		break;
	case 2:
	case 3:
		assert_int_equal(0, fake_store(AT + at, c));
		model[page][end] = c;
		break;
	case 4:
		assert_int_equal(1, object_write_kernel(object, at, &c, 1));
		model[page][end] = c;
		break;
	case 5:
		assert_int_equal(1, object_read_kernel(object, at, &c, 1));
		assert_int_equal(model[page][end], c);
		break;
	case 6:
		assert_int_equal(0, object_punch(object, page * P, (page + 1) * P));
		model[page][0] = model[page][1] = 0;
		break;
	case 7:
		if (!test_below(10))
			set_size(object, 1 + test_below(PAGES));
		break;
	case 8:
		if (!test_below(10))
			cut_within(object, page);
		break;
	case 9:
		if (disk_count) {
			unsigned n = test_below(disk_count);

			disk_end(n, disk_requests[n]->write && !test_below(4) ? -EIO : 0);
		}
		break;
	case 10:
		if (!test_below(100))
			assert_int_equal(0, swap_in_objects());
		break;
	default:
		(void)reclaim(1 + test_below(20));
	}
}

TEST(random_steps) /* R81, R82, R84 */
{
	struct object *object;

	begin(SLOTS);
	object = object_create_anon(PAGES * P);
	model_pages = PAGES;
	show(&space, object, AT, MAP_SHARED);
	for (unsigned i = 0; i < 30000; i++) {
		step(object);
		if (i % 64 == 0) {
			rig_check();
			check_all(object);
		}
	}
	finish_with(object);
}
