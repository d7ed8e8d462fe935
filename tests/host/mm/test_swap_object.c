/* SPDX-License-Identifier: MIT */
/* R80 to R84. Pages of objects that went to swap: shared memory, and what was written to files. */
#include "one_swap.h"

#include <string.h>

#include "mm/check/alloc_fail.h"
#include "mm/object_io.h"
#include "mm/object_size.h"
#include "mm/page_cache.h"
#include "mm/swap_io.h"
#include "mm/swap_off.h"

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

	assert_int_equal(vm_map(where, &request, &got), 0);
}

TEST(shared_memory_goes_out_and_comes_back) /* R81, R83 */
{
	struct object *object;
	struct space *child;

	begin(SLOTS);
	object = object_create_anon(40 * P);
	show(&space, object, AT, MAP_SHARED);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(fake_store(AT + i * P + i, byte_of(i)), 0);
	child = malloc(sizeof(*child));
	rig_create(child);
	assert_int_equal(vm_fork(&space, child), 0);
	push_out();
	assert_int_equal(object->npages, 0);
	assert_int_equal(object->nswapped, 40);
	assert_int_equal(space.resident, 0);
	assert_int_equal(disk_pages_written, 40);
	rig_run(child);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(fake_load(AT + i * P + i), byte_of(i));
	assert_int_equal(fake_store(AT + 7, 200), 0);
	rig_run(&space);
	assert_int_equal(fake_load(AT + 7), 200);
	assert_int_equal(disk_pages_read, 40);
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
		assert_int_equal(fake_load(AT + i * P), rig_byte(i * P));
	assert_int_equal(fake_store(AT + 3 * P, 33), 0);
	assert_int_equal(object_write_kernel(file, 5 * P + 1, "written", 7), 7);
	push_out();
	assert_int_equal(file->npages, 0);
	assert_int_equal(file->nswapped, 2);
	rig_reads = 0;
	assert_int_equal(fake_load(AT + 3 * P), 33);
	assert_int_equal(fake_load(AT + 5 * P + 1), 'w');
	assert_int_equal(fake_load(AT + 5 * P), rig_byte(5 * P));
	assert_int_equal(rig_reads, 0);
	assert_int_equal(fake_load(AT + 6 * P), rig_byte(6 * P));
	assert_int_equal(rig_reads, 1);
	finish_with(file);
}

TEST(read_and_write_find_them) /* R81 */
{
	struct object *object;
	char text[8] = { 0 };

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(object_write_kernel(object, 2 * P, "swapped", 7), 7);
	push_out();
	assert_int_equal(object->nswapped, 1);
	assert_int_equal(object_read_kernel(object, 2 * P, text, 7), 7);
	assert_string_equal(text, "swapped");
	push_out();
	assert_int_equal(object_write_kernel(object, 2 * P, "S", 1), 1);
	push_out();
	assert_int_equal(object_read_kernel(object, 2 * P, text, 7), 7);
	assert_string_equal(text, "Swapped");
	assert_int_equal(object_read_kernel(object, P, text, 7), 7); /* a hole */
	assert_int_equal(text[0], 0);
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
		assert_int_equal(object_write_kernel(object, i * P + 100, "ab", 2), 2);
	push_out();
	assert_int_equal(object_set_size(object, 4 * P + 101), 0);
	assert_int_equal(object->nswapped, 4);
	assert_int_equal(swap_free(), SLOTS - 4);
	assert_int_equal(object_set_size(object, 10 * P), 0);
	assert_int_equal(object_read_kernel(object, 4 * P + 100, &c, 1), 1);
	assert_int_equal(c, 'a');
	assert_int_equal(object_read_kernel(object, 4 * P + 101, &c, 1), 1);
	assert_int_equal(c, 0);
	assert_int_equal(object_read_kernel(object, 5 * P + 100, &c, 1), 1);
	assert_int_equal(c, 0);
	push_out();
	assert_int_equal(object_punch(object, P, 3 * P + 10), 0);
	assert_int_equal(object_read_kernel(object, 2 * P + 100, &c, 1), 1);
	assert_int_equal(c, 0);
	assert_int_equal(object_read_kernel(object, 3 * P + 101, &c, 1), 1);
	assert_int_equal(c, 'b');
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
	assert_int_equal(object_write_kernel(object, P + 100, "ab", 2), 2);
	push_out();
	rig_pause = fail_reads;
	assert_int_equal(object_read_kernel(object, P + 100, &c, 1), -EIO);
	assert_int_equal(object_set_size(object, P + 101), -EIO);
	assert_int_equal(object->size, 4 * P);
	assert_int_equal(swap_in_objects(), -EIO);
	rig_check();
	rig_pause = disk_pause;
	alloc_fail_at = 1;
	assert_int_equal(object_set_size(object, P + 101), -ENOMEM);
	alloc_fail_at = 0;
	assert_int_equal(object->size, 4 * P);
	assert_int_equal(object_read_kernel(object, P + 101, &c, 1), 1);
	assert_int_equal(c, 'b');
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
		assert_int_equal(object_write_kernel(object, i * P + 100, "ab", 2), 2);
	push_out();
	assert_int_equal(object->nswapped, 70);
	alloc_fail_at = 1;
	assert_int_equal(object_punch(object, 2 * P, 60 * P), 0);
	alloc_fail_at = 0;
	assert_int_equal(disk_reads, 0);
	assert_int_equal(object->nswapped, 12);
	assert_int_equal(swap_free(), SLOTS - 12);
	rig_check();
	assert_int_equal(object_punch(object, 60 * P + 101, 64 * P + 101), 0);
	assert_int_equal(object->nswapped, 7);
	assert_in_range(disk_pages_read, 2, 2 * 8);
	assert_int_equal(object_read_kernel(object, 60 * P + 100, &c, 1), 1);
	assert_int_equal(c, 'a');
	assert_int_equal(object_read_kernel(object, 62 * P + 100, &c, 1), 1);
	assert_int_equal(c, 0);
	assert_int_equal(object_read_kernel(object, 64 * P + 101, &c, 1), 1);
	assert_int_equal(c, 'b');
	finish_with(object);
}

/* A page that is missing there would be read from where the file came. */
TEST(a_hole_in_what_was_read_from_elsewhere) /* R80, R82 */
{
	struct object *file;
	char c;

	begin(SLOTS);
	file = rig_file(8 * P);
	assert_int_equal(object_write_kernel(file, 2 * P + 1, "swapped", 7), 7);
	push_out();
	assert_int_equal(file->nswapped, 1);
	assert_int_equal(object_punch(file, P, 4 * P), 0);
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(object_read_kernel(file, i * P + 1, &c, 1), 1);
		assert_int_equal(c, 0);
	}
	assert_int_equal(object_read_kernel(file, 4 * P, &c, 1), 1);
	assert_int_equal((unsigned char)c, rig_byte(4 * P));
	finish_with(file);
}

/* The page is on its way to the disk: its slot is free when it has come there. */
TEST(a_hole_during_the_write) /* R82 */
{
	struct object *object;

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(object_write_kernel(object, P, "x", 1), 1);
	start_writes();
	assert_int_equal(object->nswapped, 1);
	assert_int_equal(object_punch(object, 0, 4 * P), 0);
	assert_int_equal(object->nswapped, 0);
	disk_end_all();
	assert_int_equal(swap_free(), SLOTS);
	finish_with(object);
}

/* Somebody needs the pages of a request to the disk that is not full yet, whenever there is one. */
static int need_filling(struct vm_wait *wait)
{
	if (wait)
		return disk_pause(wait);
	for (unsigned i = 0; swap_filling() && i < 40; i++)
		assert_int_equal(fake_load(AT + i * P), byte_of(i)); /* see serve_waiting() */
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
		assert_int_equal(fake_store(AT + i * P, byte_of(i)), 0);
	rig_pause = need_filling;
	(void)reclaim(10000);
	rig_pause = disk_pause;
	assert_true(disk_writes > 0);
	assert_int_equal(swap_filling(), 0);
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
		assert_int_equal(object_write_kernel(&object, i * P, "x", 1), 1);
	assert_true(swap_area_freeze(true)); /* nothing goes */
	(void)reclaim(100);
	assert_int_equal(object.nswapped, 0);
	assert_true(swap_area_freeze(false));
	push_out();
	assert_int_equal(object.nswapped, 8);
	assert_int_equal(charged, 8);
	assert_int_equal(object_read_kernel(&object, P, &c, 1), 1);
	assert_int_equal(charged, 8);
	assert_int_equal(object_set_size(&object, 4 * P), 0);
	assert_int_equal(charged, 4);
	finish_with(&object);
	assert_int_equal(charged, 0);
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
		assert_int_equal(fake_store(AT + i * P, byte_of(i)), 0);
		assert_int_equal(fake_load(AT + MIB + i * P), rig_byte(i * P));
	}
	assert_int_equal(fake_store(AT + MIB + 2 * P, 77), 0);
	assert_int_equal(vm_madvise(&space, AT, 10 * P, MADV_PAGEOUT), 0);
	assert_int_equal(vm_madvise(&space, AT + MIB, 10 * P, MADV_PAGEOUT), 0);
	disk_end_all();
	rig_check();
	assert_int_equal(object->npages + file->npages, 0);
	assert_int_equal(object->nswapped + file->nswapped, 11);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(fake_load(AT + i * P), byte_of(i));
	assert_int_equal(fake_load(AT + MIB + 2 * P), 77);
	assert_int_equal(fake_load(AT + MIB + 3 * P), rig_byte(3 * P));
	object_put(file);
	finish_with(object);
}

TEST(swapoff_brings_them_back) /* R82 */
{
	struct object *object;

	begin(SLOTS);
	object = object_create_anon(150 * P);
	for (unsigned i = 0; i < 150; i += 2)
		assert_int_equal(object_write_kernel(object, i * P, "x", 1), 1);
	push_out();
	assert_true(swap_area_freeze(true));
	assert_int_equal(swap_in_objects(), 0);
	assert_int_equal(object->nswapped, 0);
	assert_int_equal(object->npages, 75);
	assert_int_equal(swap_area_drain(), SLOTS);
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
	assert_int_equal(object->npages + object->nswapped, ROOM);
	assert_int_equal(charged, ROOM);
	for (unsigned i = 0; i < ROOM; i++)
		assert_int_equal(object_write_kernel(object, i * P + i, "x", 1), 1);
	push_out();
	assert_int_equal(object->npages + object->nswapped, ROOM);
	assert_int_equal(charged, ROOM);
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
	assert_int_equal(object_set_size(&object, size), 0);
	assert_int_equal(allocate(&object, 0, ROOM, grow), 0);
	push_out();
	check_room(&object);
	if (!swap)
		assert_true(swap_area_freeze(false));
	finish_with(&object);
	assert_int_equal(charged, 0);
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
	assert_int_equal(object_write_kernel(&object, 4 * P, "abc", 3), 3);
	assert_int_equal(allocate(&object, 10, 12, false), 0);
	push_out();
	assert_int_equal(charged, 3);
	assert_int_equal(allocate(&object, 0, ROOM + 1, true), -ENOSPC);
	assert_int_equal(charged, 3);
	assert_int_equal(object.npages + object.nswapped, 3);
	assert_int_equal(object.size, 4 * P + 3);
	assert_int_equal(object_read_kernel(&object, 4 * P + 1, &c, 1), 1);
	assert_int_equal(c, 'b');
	finish_with(&object);
}

/* ---- the ledger ---- */

TEST(the_ledger_checks_the_slots_of_indices) /* R111 */
{
	struct object *object;
	void *held;

	begin(SLOTS);
	object = object_create_anon(4 * P);
	assert_int_equal(object_write_kernel(object, P, "x", 1), 1);
	push_out();
	held = radix_find(&object->pages, 1);
	assert_false(index_is_page(held));
	for (uint64_t slot = SLOTS + 1; slot < 1ul << 36; slot <<= 1) {
		radix_replace(&object->pages, 1, (void *)(slot << 3));
		assert_int_equal(ledger_check(NULL), 2); /* the page's slot has too many, too */
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
	assert_int_equal(object_write_kernel(object, P, "x", 1), 1);
	push_out();
	held = radix_find(&object->pages, 1);
	slot = (uint64_t)held >> 3;
	assert_int_equal(swap_slot_refs(slot), 1);
	for (int wrong = -2; wrong <= 2; wrong++) {
		swap_slot_count(slot, wrong);
		assert_int_equal(ledger_check(NULL), wrong != 0);
		swap_slot_count(slot, -wrong);
		assert_int_equal(ledger_check(NULL), 0);
	}
	finish_with(object);
}

/* ---- against a naive model ---- */

#define PAGES 24u

static unsigned char model[PAGES][2]; /* bytes 0 and P - 1 of each page */
static unsigned model_pages;

static void check_all(struct object *object)
{
	assert_int_equal(object->size, model_pages * P);
	for (unsigned i = 0; i < model_pages; i++) {
		assert_int_equal(fake_load(AT + i * P), model[i][0]);
		assert_int_equal(fake_load(AT + i * P + P - 1), model[i][1]);
	}
}

static void set_size(struct object *object, unsigned pages)
{
	for (unsigned i = pages; i < PAGES; i++)
		model[i][0] = model[i][1] = 0;
	model_pages = pages;
	assert_int_equal(object_set_size(object, pages * P), 0);
}

/* Cuts within a page, and grows back. */
static void cut_within(struct object *object, unsigned page)
{
	assert_int_equal(object_set_size(object, page * P + 1), 0);
	assert_int_equal(object_set_size(object, model_pages * P), 0);
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
		assert_int_equal(fake_load(AT + at), model[page][end]);
		break;
	case 2:
	case 3:
		assert_int_equal(fake_store(AT + at, c), 0);
		model[page][end] = c;
		break;
	case 4:
		assert_int_equal(object_write_kernel(object, at, &c, 1), 1);
		model[page][end] = c;
		break;
	case 5:
		assert_int_equal(object_read_kernel(object, at, &c, 1), 1);
		assert_int_equal(c, model[page][end]);
		break;
	case 6:
		assert_int_equal(object_punch(object, page * P, (page + 1) * P), 0);
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
			assert_int_equal(swap_in_objects(), 0);
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
