/* SPDX-License-Identifier: MIT */
/* Scans of a space for pages that have what is asked for: what they find, where they stop, what they protect (R232). */
#include "large.h"
#include "one_swap.h"

#include <stdio.h>

#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/userfault.h"
#include "mm/verbs/page_scan.h"

#define N    8
#define ALL  127u /* categories */
#define ROOM 64
#define TEXT 2048

static struct userfault *userfault;
static struct scan_region regions[ROOM];
static char text[TEXT];

static void begin_scan(size_t npages)
{
	begin_large();
	thp_mode = THP_NEVER;
	userfault = userfault_create();
	assert_non_null(userfault);
	userfault->is_async = userfault->has_holes = true;
	map(AT, npages, RW);
}

static void end_scan(void)
{
	rig_pause = NULL;
	thp_mode = THP_NEVER;
	rig_check();
	rig_destroy(&space);
	userfault_put(userfault);
	check_gone();
}

static void set(size_t first, size_t n)
{
	assert_int_equal(0, vm_userfault_register(&space, AT + first * P, AT + (first + n) * P,
						  userfault, VMA_UF_WP));
}

static struct page_scan scan_from(size_t first, size_t end)
{
	return (struct page_scan){ .shown = ALL,
				   .end = AT + end * P,
				   .regions = regions,
				   .room = ROOM,
				   .at = AT + first * P,
				   .left = UINT64_MAX };
}

/* The regions as text: of each its pages, and a letter for each category. */
static const char *told(const struct page_scan *scan)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < scan->count; i++) {
		n += (size_t)snprintf(text + n, TEXT - n, "%s%zu-%zu:", i ? " " : "",
				      (regions[i].start - AT) / P, (regions[i].end - AT) / P);
		for (size_t bit = 0; bit < 7; bit++)
			if (regions[i].categories >> bit & 1)
				n += (size_t)snprintf(text + n, TEXT - n, "%c", "AWFPSZH"[bit]);
	}
	return text;
}

/* Scans to the end, and finds this. */
static void finds(const char *expected, struct page_scan scan)
{
	assert_int_equal(0, vm_page_scan(&space, &scan));
	assert_false(scan.is_full);
	assert_int_equal(scan.end, scan.at);
	assert_string_equal(expected, told(&scan));
	rig_check();
}

/* Scans until it is full, before page `at`, and finds this. */
static void stops(const char *expected, size_t at, struct page_scan scan)
{
	assert_int_equal(0, vm_page_scan(&space, &scan));
	assert_true(scan.is_full);
	assert_int_equal(AT + at * P, scan.at);
	assert_string_equal(expected, told(&scan));
	rig_check();
}

static void finds_in(const char *expected, size_t first, size_t end)
{
	finds(expected, scan_from(first, end));
}

static struct page_scan scan_of_written(size_t first, size_t end)
{
	struct page_scan scan = scan_from(first, end);

	scan.protects = true;
	scan.all = SCAN_WRITTEN;
	return scan;
}

TEST(scan_finds)
{
	begin_scan(N);
	finds_in("0-8:W", 0, N);
	write_range(3, 5);
	assert_int_equal(0, fake_load(AT + 6 * P));
	finds_in("0-3:W 3-5:WP 5-6:W 6-7:WPZ 7-8:W", 0, N);
	finds_in("4-5:WP 5-6:W", 4, 6);
	finds_in("0-3:W 3-5:WP 5-6:W 6-7:WPZ 7-8:W", 0, 4 * N); /* nothing is mapped behind */
	map(AT + 2 * N * P, 1, PROT_NONE);
	finds_in("7-8:W 16-17:W", 7, 4 * N);
	assert_int_equal(0, vm_protect(&space, AT + 3 * P, P, PROT_NONE));
	finds_in("2-3:W 3-5:WP", 2, 5);
	finds_in("", 3, 3);
	end_scan();
}

TEST(scan_finds_what_matches)
{
	struct page_scan scan;

	begin_scan(N);
	write_range(3, 5);
	assert_int_equal(0, fake_load(AT + 6 * P));
	scan = scan_from(0, N);
	scan.all = SCAN_PRESENT;
	finds("3-5:WP 6-7:WPZ", scan);
	scan.inverted = SCAN_PRESENT;
	finds("0-3:W 5-6:W 7-8:W", scan);
	scan.inverted = 0;
	scan.shown = SCAN_WRITTEN;
	finds("3-5:W 6-7:W", scan);
	scan.all = SCAN_PRESENT | SCAN_ZERO;
	finds("6-7:W", scan);
	scan.all = 0;
	scan.any = SCAN_ZERO | SCAN_FILE;
	finds("6-7:W", scan);
	scan.inverted = SCAN_ZERO; /* none is either */
	scan.shown = 0;
	finds("0-6: 7-8:", scan);
	scan.all = SCAN_WP_ALLOWED;
	finds("", scan);
	end_scan();
}

TEST(scan_tells_who_is_registered)
{
	struct page_scan scan;

	begin_scan(N);
	write_range(0, N);
	set(2, 3);
	finds_in("0-2:WP 2-5:AWP 5-8:WP", 0, N);
	scan = scan_from(0, N);
	scan.all = SCAN_WP_ALLOWED;
	finds("2-5:AWP", scan);
	scan.inverted = SCAN_WP_ALLOWED;
	finds("0-2:WP 5-8:WP", scan);
	userfault->is_async = false;
	finds_in("0-8:WP", 0, N);
	end_scan();
}

TEST(scan_protects)
{
	begin_scan(N);
	set(0, N);
	write_range(0, 4);
	finds("0-2:AWP", scan_of_written(0, 2));
	finds_in("0-2:AP 2-4:AWP 4-8:AW", 0, N);
	write_page(1);
	finds_in("0-1:AP 1-4:AWP 4-8:AW", 0, N);
	finds("1-4:AWP", scan_of_written(0, 4));
	finds("", scan_of_written(0, 4));
	check_range(0, 4);
	finds("", scan_of_written(0, 4));
	assert_int_equal(4, space.resident); /* no page was copied */
	end_scan();
}

/* What is not to be protected is passed over, or is an error: then all before it is done. */
TEST(scan_passes_over)
{
	struct page_scan scan;

	begin_scan(N);
	write_range(0, N);
	set(0, 2);
	set(4, 2);
	scan = scan_of_written(0, N);
	scan.checks = true;
	assert_int_equal(-EPERM, vm_page_scan(&space, &scan));
	assert_string_equal("0-2:AWP", told(&scan));
	finds_in("0-2:AP 2-4:WP 4-6:AWP 6-8:WP", 0, N);
	finds("4-6:AWP", scan_of_written(0, N));
	finds_in("0-2:AP 2-4:WP 4-6:AP 6-8:WP", 0, N);
	write_page(4);
	userfault->is_async = false;
	finds("", scan_of_written(0, N));
	finds_in("0-2:P 2-5:WP 5-6:P 6-8:WP", 0, N);
	scan = scan_from(0, N);
	scan.checks = true;
	assert_int_equal(-EPERM, vm_page_scan(&space, &scan));
	scan = scan_from(2 * N, 3 * N); /* nothing is mapped */
	scan.checks = true;
	finds("", scan);
	end_scan();
}

/* Without regions, what matches is protected and not told. */
TEST(scan_protects_untold)
{
	struct page_scan scan;

	begin_scan(N);
	set(0, N);
	write_range(0, N);
	scan = scan_of_written(2, 5);
	scan.regions = NULL;
	scan.left = 1;
	finds("", scan);
	finds_in("0-2:AWP 2-5:AP 5-8:AWP", 0, N);
	scan = scan_from(0, N);
	scan.protects = true;
	scan.regions = NULL;
	scan.all = SCAN_ZERO;
	finds("", scan);
	finds_in("0-2:AWP 2-5:AP 5-8:AWP", 0, N);
	end_scan();
}

/* A mark counts only where its page is registered. */
TEST(scan_and_old_marks)
{
	struct space child;

	begin_scan(N);
	set(0, N);
	write_range(0, N);
	finds("0-8:AWP", scan_of_written(0, N));
	begin_child(&child);
	finds_in("0-8:AP", 0, N);
	rig_run(&child);
	space_lock(&child);
	assert_true(entry_is_wp(entry_at(&child, AT)));
	space_unlock(&child);
	{
		struct page_scan scan = scan_from(0, N);

		assert_int_equal(0, vm_page_scan(&child, &scan));
		assert_string_equal("0-8:WP", told(&scan));
	}
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	write_page(3);
	finds("3-4:AWP", scan_of_written(0, N));
	assert_int_equal(0, vm_userfault_unregister(&space, AT, AT + 2 * P));
	finds_in("0-2:WP 2-8:AP", 0, N);
	assert_int_equal(0, vm_madvise(&space, AT + 4 * P, P, MADV_DONTNEED));
	finds_in("2-4:AP 4-5:AW 5-8:AP", 2, N);
	end_scan();
}

TEST(scan_of_swap)
{
	begin_scan(N);
	begin_disk(64);
	set(0, N);
	write_range(0, N);
	finds("0-4:AWP", scan_of_written(0, 4));
	assert_int_equal(0, vm_madvise(&space, AT, N * P, MADV_PAGEOUT));
	disk_end_all();
	assert_int_equal(N, space.swapped);
	finds_in("0-4:AS 4-8:AWS", 0, N);
	finds("4-6:AWS", scan_of_written(0, 6));
	finds_in("0-6:AS 6-8:AWS", 0, N);
	fake_fault = serve_waiting;
	write_page(5);
	assert_int_equal(byte_at(0), fake_load(place_of(0)));
	disk_end_all();
	finds_in("0-1:AP", 0, 1);
	finds_in("5-6:AWP", 5, 6);
	assert_int_equal(0, vm_unmap(&space, AT, N * P));
	disk_stop();
	end_scan();
}

TEST(scan_of_files)
{
	struct object *file;

	begin_scan(N);
	file = rig_file(4 * P);
	map_file(file, AT + 2 * N * P, 4, 0, NULL, 0);
	finds_in("16-20:W", 2 * N, 3 * N);
	assert_int_equal(rig_byte(0), fake_load(AT + 2 * N * P));
	assert_int_equal(0, fake_store(AT + (2 * N + 1) * P, 1));
	finds_in("16-17:WFP 17-18:WP", 2 * N, 2 * N + 2);
	object_put(file);
	end_scan();
}

/* ---- holes ---- */

TEST(scan_protects_holes)
{
	struct page_scan scan;

	begin_scan(N);
	set(0, N);
	write_range(3, 4);
	scan = scan_of_written(0, N);
	scan.left = 2;
	stops("0-2:AW", 2, scan);
	finds_in("0-2:AS 2-3:AW 3-4:AWP 4-8:AW", 0, N);
	finds("2-3:AW 3-4:AWP 4-8:AW", scan_of_written(0, N));
	finds("", scan_of_written(0, N));
	finds_in("0-3:AS 3-4:AP 4-8:AS", 0, N);
	write_page(5);
	assert_int_equal(0, fake_load(place_of(6)));
	finds_in("0-3:AS 3-4:AP 4-5:AS 5-6:AWP 6-7:APZ 7-8:AS", 0, N);
	write_page(6);
	finds("5-7:AWP", scan_of_written(0, N));
	assert_int_equal(0, vm_madvise(&space, AT + 2 * P, 2 * P, MADV_DONTNEED));
	finds_in("0-2:AS 2-4:AW 4-5:AS", 0, 5);
	assert_int_equal(0, vm_userfault_unregister(&space, AT, AT + 2 * P));
	finds_in("0-2:W 2-4:AW 4-5:AS", 0, 5);
	check_range(5, 7);
	end_scan();
}

/* Where there is not even a table. */
TEST(scan_protects_where_nothing_is)
{
	struct page_scan scan;

	begin_scan(6 * BLOCK);
	set(0, 6 * BLOCK);
	scan = scan_of_written(BLOCK + 5, 3 * BLOCK);
	finds("517-1536:AW", scan);
	finds_in("0-517:AW 517-1536:AS 1536-3072:AW", 0, 6 * BLOCK);
	write_page(600);
	write_page(5 * BLOCK);
	finds("0-517:AW 600-601:AWP 1536-2560:AW 2560-2561:AWP 2561-3072:AW",
	      scan_of_written(0, 6 * BLOCK));
	finds_in("0-600:AS 600-601:AP 601-2560:AS 2560-2561:AP 2561-3072:AS", 0, 6 * BLOCK);
	end_scan();
}

/* What is not asked for gets no tables. */
TEST(scan_leaves_other_holes)
{
	struct page_scan scan;
	size_t tables;

	begin_scan(6 * BLOCK);
	set(0, 6 * BLOCK);
	tables = space.tables;
	scan = scan_of_written(0, 6 * BLOCK);
	scan.all = SCAN_PRESENT;
	finds("", scan);
	assert_int_equal(tables, space.tables);
	finds_in("0-3072:AW", 0, 6 * BLOCK);
	assert_int_equal(tables, space.tables);
	scan = scan_of_written(0, 6 * BLOCK);
	alloc_fail_at = 1;
	assert_int_equal(-ENOMEM, vm_page_scan(&space, &scan));
	assert_int_equal(AT, scan.at);
	scan = scan_of_written(0, 6 * BLOCK);
	alloc_fail_at = 3;
	assert_int_equal(-ENOMEM, vm_page_scan(&space, &scan));
	alloc_fail_at = 0;
	assert_true(scan.at > AT && scan.count == 1);
	assert_int_equal(scan.at, regions[0].end);
	end_scan();
}

static int fill_hole(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	write_page(3);
	return 0;
}

/* A fault brings a page, and its table, before that of a hole is linked. */
TEST(scan_of_a_hole_that_is_filled)
{
	begin_scan(BLOCK);
	set(0, BLOCK);
	rig_pause = fill_hole;
	finds("0-3:AW 3-4:AWP 4-512:AW", scan_of_written(0, BLOCK));
	finds_in("0-3:AS 3-4:AP 4-512:AS", 0, BLOCK);
	end_scan();
}

TEST(scan_of_poison)
{
	begin_scan(N);
	set(0, N);
	assert_int_equal(0, userfault_poison(&space, AT + P));
	finds_in("0-1:AW 1-2:AWS 2-8:AW", 0, N);
	end_scan();
}

/* Shared memory: what each mapping has protected is its own. */
TEST(scan_of_shared_memory)
{
	const vaddr_t at = AT + 16 * P;
	struct map_request request = { .addr = at,
				       .len = 4 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED };
	vaddr_t got;

	begin_scan(N);
	request.object = object_create_anon(4 * P);
	assert_int_equal(0, vm_map(&space, &request, &got));
	set(16, 4);
	write_range(16, 18);
	finds_in("16-18:AWFP 18-20:AW", 16, 20);
	finds("16-18:AWFP 18-20:AW", scan_of_written(16, 20));
	finds_in("16-18:AFP 18-20:AS", 16, 20);
	write_page(17);
	write_page(19);
	finds("17-18:AWFP 19-20:AWFP", scan_of_written(16, 20));
	finds("", scan_of_written(16, 20));
	object_put(request.object);
	end_scan();
}

/* ---- large entries ---- */

static void begin_blocks(size_t nblocks)
{
	begin_scan(nblocks * BLOCK);
	thp_mode = THP_ALWAYS;
	assert_int_equal(0, vm_madvise(&space, AT, nblocks * BLOCK * P, MADV_HUGEPAGE));
	write_range(0, nblocks * BLOCK);
	assert_int_equal(nblocks, space.large);
	set(0, nblocks * BLOCK);
}

TEST(scan_of_large_entries)
{
	begin_blocks(2);
	finds_in("0-1024:AWPH", 0, 2 * BLOCK);
	finds_in("5-600:AWPH", 5, 600);
	finds("0-512:AWPH", scan_of_written(0, BLOCK));
	finds_in("0-512:APH 512-1024:AWPH", 0, 2 * BLOCK);
	assert_int_equal(2, space.large);
	/* A part. */
	finds("512-515:AWP", scan_of_written(0, BLOCK + 3));
	assert_int_equal(1, space.large);
	finds_in("0-512:APH 512-515:AP 515-1024:AWP", 0, 2 * BLOCK);
	check_range(0, 2 * BLOCK);
	end_scan();
}

/* A write to one page of a protected block leaves the others protected. */
TEST(scan_splits_at_a_write)
{
	begin_blocks(2);
	finds("0-1024:AWPH", scan_of_written(0, 2 * BLOCK));
	write_page(7);
	assert_int_equal(1, space.large);
	finds_in("0-7:AP 7-8:AWP 8-512:AP 512-1024:APH", 0, 2 * BLOCK);
	finds("7-8:AWP", scan_of_written(0, 2 * BLOCK));
	finds("", scan_of_written(0, 2 * BLOCK));
	check_range(0, 2 * BLOCK);
	end_scan();
}

/* Where memory is registered no more, it stays whole. */
TEST(scan_leaves_old_marks_whole)
{
	begin_blocks(1);
	finds("0-512:AWPH", scan_of_written(0, BLOCK));
	assert_int_equal(0, vm_userfault_unregister(&space, AT, AT + BLOCK * P));
	write_page(7);
	assert_int_equal(1, space.large);
	finds_in("0-512:WPH", 0, BLOCK);
	end_scan();
}

TEST(scan_of_a_part_for_its_limit)
{
	struct page_scan scan;

	begin_blocks(2);
	scan = scan_of_written(0, 2 * BLOCK);
	scan.left = BLOCK + 2;
	stops("0-512:AWPH 512-514:AWP", BLOCK + 2, scan);
	assert_int_equal(1, space.large);
	finds_in("0-512:APH 512-514:AP 514-1024:AWP", 0, 2 * BLOCK);
	end_scan();
	begin_blocks(2);
	scan = scan_of_written(0, 2 * BLOCK);
	scan.left = BLOCK;
	stops("0-512:AWPH", BLOCK, scan);
	assert_int_equal(2, space.large);
	scan = scan_from(0, 2 * BLOCK);
	scan.left = 5; /* nothing is protected: it stays whole */
	stops("0-5:APH", 5, scan);
	assert_int_equal(2, space.large);
	scan = scan_of_written(BLOCK, 2 * BLOCK);
	scan.regions = NULL;
	scan.left = 5; /* nothing is counted */
	finds("", scan);
	assert_int_equal(2, space.large);
	finds_in("0-1024:APH", 0, 2 * BLOCK);
	end_scan();
}

TEST(scan_without_memory)
{
	struct page_scan scan;

	begin_blocks(1);
	scan = scan_of_written(3, 5);
	alloc_fail_at = 1;
	assert_int_equal(-ENOMEM, vm_page_scan(&space, &scan));
	alloc_fail_at = 0;
	assert_int_equal(AT + 3 * P, scan.at);
	assert_string_equal("", told(&scan));
	finds_in("0-512:AWPH", 0, BLOCK);
	finds("3-5:AWP", scan_of_written(3, 5));
	end_scan();
}

/* ---- limits ---- */

/* Whatever room there is, and however few pages may be found at once, all are found, once. */
TEST(scan_goes_on)
{
	struct page_scan scan;
	size_t found;

	begin_scan(600);
	set(0, 600);
	for (size_t i = 0; i < 600; i += 1 + i % 3)
		write_page(i);
	for (size_t room = 1; room < 5; room++) {
		for (size_t left = 1; left < 5; left++) {
			scan = scan_from(0, 600);
			scan.all = SCAN_PRESENT;
			found = 0;
			do {
				scan.left = left;
				scan.room = room;
				scan.count = 0;
				assert_int_equal(0, vm_page_scan(&space, &scan));
				assert_true(scan.count <= room && scan.left <= left);
				for (size_t i = 0; i < scan.count; i++)
					found += (regions[i].end - regions[i].start) / P;
			} while (scan.is_full);
			assert_int_equal(space.resident, found);
			assert_int_equal(AT + 600 * P, scan.at);
		}
	}
	end_scan();
}

TEST(scan_stops_where_it_is_full)
{
	struct page_scan scan;

	begin_scan(N);
	write_range(3, 5);
	scan = scan_from(0, N);
	scan.room = 2;
	stops("0-3:W 3-5:WP", 5, scan);
	scan.left = 4;
	stops("0-3:W 3-4:WP", 4, scan);
	scan.left = 5; /* exactly */
	scan.all = SCAN_WRITTEN;
	scan.end = AT + 5 * P;
	finds("0-3:W 3-5:WP", scan);
	scan = scan_from(0, N);
	scan.left = 2; /* no other page matches */
	scan.all = SCAN_PRESENT;
	finds("3-5:WP", scan);
	end_scan();
}

/* Holes cost nothing, nor does what is not mapped, however large. */
TEST(scan_of_nothing)
{
	begin_scan(N);
	assert_int_equal(0, vm_unmap(&space, AT, N * P));
	rig_pauses = 0;
	finds_in("", 0, 64 * GIB / P);
	assert_true(rig_pauses <= 2);
	map(AT, 32 * GIB / P, RW);
	set(0, 32 * GIB / P);
	rig_pauses = 0;
	finds_in("0-8388608:AW", 0, 64 * GIB / P);
	assert_true(rig_pauses <= 2);
	write_page(16 * GIB / P);
	rig_pauses = 0;
	finds_in("0-4194304:AW 4194304-4194305:AWP 4194305-8388608:AW", 0, 64 * GIB / P);
	assert_true(rig_pauses <= 6);
	end_scan();
}

/* Many VMAs are more than one piece. */
TEST(scan_of_many_areas)
{
	struct page_scan scan;

	begin_scan(1);
	for (size_t i = 0; i < 400; i += 2)
		map(AT + i * P, 1, i % 4 ? PROT_READ : RW);
	rig_pauses = 0;
	scan = scan_from(0, 500);
	scan.all = SCAN_WP_ALLOWED;
	finds("", scan);
	assert_true(rig_pauses >= 5 && rig_pauses <= 8);
	end_scan();
}

/* ---- between two pieces ---- */

#define PIECE 128 /* entries that are looked at together */

static unsigned pauses_left;

static int killed_later(struct vm_wait *wait)
{
	(void)wait;
	return pauses_left-- ? 0 : -EINTR;
}

/* A kill ends it after a piece: what was found until then is told, and protected. */
TEST(scan_is_killed)
{
	struct page_scan scan;

	for (unsigned n = 0; n < 9; n++) {
		begin_scan(4 * BLOCK);
		set(0, 4 * BLOCK);
		for (size_t i = 0; i < 4 * BLOCK; i += 100)
			write_page(i);
		rig_pause = killed_later;
		pauses_left = n;
		scan = scan_of_written(0, 4 * BLOCK);
		scan.all = SCAN_WRITTEN | SCAN_PRESENT;
		assert_int_equal(-EINTR, vm_page_scan(&space, &scan));
		rig_pause = NULL;
		assert_int_equal(AT + (n + 1) * PIECE * P, scan.at);
		for (size_t i = 0; i < 4 * BLOCK; i += 100) {
			space_lock(&space);
			assert_int_equal(i < (n + 1) * PIECE,
					 entry_is_wp(entry_at(&space, AT + i * P)));
			space_unlock(&space);
		}
		end_scan();
	}
}

/* Pages that were written and not found yet; those behind which the scan under way was by then. */
static bool written[4 * BLOCK], written_behind[4 * BLOCK];
static struct page_scan tracking;

static int write_beside(struct vm_wait *wait)
{
	const size_t i = test_below(4 * BLOCK);

	(void)wait;
	write_page(i);
	(AT + i * P < tracking.at ? written_behind : written)[i] = true;
	return 0;
}

/* Scans all, in steps of any size: exactly the pages that were written are found. */
static void find_written(size_t npages)
{
	tracking = scan_of_written(0, npages);
	do {
		tracking.room = 1 + test_below(ROOM);
		tracking.left = test_below(2) ? UINT64_MAX : 1 + test_below(BLOCK);
		tracking.count = 0;
		assert_int_equal(0, vm_page_scan(&space, &tracking));
		for (size_t k = 0; k < tracking.count; k++) {
			size_t i = (regions[k].start - AT) / P;

			for (; i < (regions[k].end - AT) / P; i++) {
				assert_true(written[i]);
				written[i] = false;
			}
		}
	} while (tracking.is_full);
	for (size_t i = 0; i < npages; i++) {
		assert_false(written[i]);
		written[i] = written_behind[i];
		written_behind[i] = false;
	}
}

/* Writes come between the pieces of scans: each is found by one of them. */
TEST(scan_misses_no_write)
{
	begin_blocks(4);
	memset(written, true, sizeof(written));
	find_written(4 * BLOCK);
	rig_pause = write_beside;
	for (unsigned round = 0; round < 60; round++)
		find_written(4 * BLOCK);
	check_range(0, 4 * BLOCK);
	end_scan();
}

/* ---- against a model ---- */

#define PAGES 96

/* What each page has. */
static unsigned model[PAGES];

static bool model_matches(const struct page_scan *scan, unsigned categories)
{
	uint64_t seen = categories ^ scan->inverted;

	return (seen & scan->all) == scan->all && (!scan->any || (seen & scan->any));
}

/* Does the scan find what the model has? If it protects, the model learns it. */
static void scan_as_the_model(void)
{
	size_t from = test_below(PAGES), to = from + test_below(PAGES - from + 1), i = from, at = 0;
	struct page_scan scan = scan_from(from, to);

	scan.inverted = test_below(4) ? 0 : test_random() & ALL;
	scan.all = test_below(2) ? 0 : 1ull << test_below(6);
	scan.any = test_below(2) ? 0 : test_random() & ALL;
	scan.shown = test_below(2) ? ALL : test_random() & ALL;
	scan.protects = test_below(2);
	scan.room = 1 + test_below(8);
	scan.left = test_below(2) ? UINT64_MAX : 1 + test_below(20);
	assert_int_equal(0, vm_page_scan(&space, &scan));
	for (; i < (scan.at - AT) / P; i++) {
		const bool passed = scan.protects && !(model[i] & SCAN_WP_ALLOWED);

		if (passed || !model_matches(&scan, model[i]))
			continue;
		while (at < scan.count && regions[at].end <= AT + i * P)
			at++;
		assert_true(at < scan.count && regions[at].start <= AT + i * P);
		assert_int_equal(model[i] & scan.shown, regions[at].categories);
		if (!scan.protects || !(model[i] & SCAN_WRITTEN))
			continue;
		model[i] &= ~SCAN_WRITTEN;
		if (!(model[i] & SCAN_PRESENT))
			model[i] |= SCAN_SWAPPED;
	}
	for (size_t k = 0; k + 1 < scan.count; k++)
		assert_true(regions[k].end < regions[k + 1].start ||
			    regions[k].categories != regions[k + 1].categories);
	if (!scan.is_full)
		assert_int_equal(AT + to * P, MAX(scan.at, scan.end));
	else
		assert_true(model_matches(&scan, model[i]));
	assert_true(scan.is_full || i == MAX(to, from));
}

TEST(scan_as_a_model)
{
	begin_scan(PAGES);
	set(0, PAGES / 2);
	set(PAGES / 2 + 9, 9);
	for (size_t i = 0; i < PAGES; i++)
		model[i] = SCAN_WRITTEN |
			   (i < PAGES / 2 || (i >= PAGES / 2 + 9 && i < PAGES / 2 + 18)
				    ? SCAN_WP_ALLOWED
				    : 0);
	for (unsigned step = 0; step < 4000; step++) {
		size_t i = test_below(PAGES);

		switch (test_below(5)) {
		case 0:
			write_page(i);
			model[i] = (model[i] & SCAN_WP_ALLOWED) | SCAN_WRITTEN | SCAN_PRESENT;
			break;
		case 1:
			assert_true(fake_load(place_of(i)) >= 0);
			if (!(model[i] & SCAN_PRESENT))
				model[i] = (model[i] & ~SCAN_SWAPPED) | SCAN_PRESENT | SCAN_ZERO;
			break;
		case 2:
			assert_int_equal(0, vm_madvise(&space, AT + i * P, P, MADV_DONTNEED));
			model[i] = (model[i] & SCAN_WP_ALLOWED) | SCAN_WRITTEN;
			break;
		default:
			scan_as_the_model();
		}
	}
	end_scan();
}

/* ---- what else happens to pages ---- */

/* A store to a page that is scanned, which may be in swap. */
static void store(size_t i)
{
	assert_int_equal(0, fake_store(AT + i * P + i, (unsigned char)(test_random() | 1)));
	written[i] = true;
}

/* A child of fork writes to its copies, and ends. */
static void fork_and_write(size_t npages, bool shared)
{
	struct space child;

	begin_child(&child);
	rig_run(&child);
	for (unsigned i = 0; i < 4 && !shared; i++)
		assert_int_equal(0, fake_store(AT + test_below(npages) * P, 7));
	rig_destroy(&child);
	rig_run(&space);
}

/* Something that writes nothing, or drops a page of private memory. */
static void meddle(size_t npages, bool shared)
{
	const size_t i = test_below(npages), n = 1 + test_below(MIN(npages - i, 40ul));
	const vaddr_t at = AT + i * P;

	switch (test_below(shared ? 7 : 8)) {
	case 0:
		assert_true(fake_load(at) >= 0);
		break;
	case 1:
		(void)vm_madvise(&space, at, n * P, MADV_PAGEOUT);
		break;
	case 2:
		push_out();
		break;
	case 3:
		assert_int_equal(0, vm_protect(&space, at, n * P, PROT_READ));
		assert_int_equal(0, vm_protect(&space, at, n * P, RW));
		break;
	case 4:
		fork_and_write(npages, shared);
		break;
	case 5:
		(void)vm_madvise(&space, at, n * P, MADV_COLD);
		break;
	case 6:
		(void)vm_madvise(&space, large_base(at), BLOCK * P, MADV_COLLAPSE);
		break;
	default:
		assert_int_equal(0, vm_madvise(&space, at, n * P, MADV_DONTNEED));
		memset(&written[i], true, n);
	}
}

/* Rounds of writes and of all else: what was written is found, and nothing else. */
static void rounds(size_t npages, bool shared)
{
	begin_disk(4096);
	fake_fault = serve_waiting;
	set(0, npages);
	memset(written, true, npages);
	for (unsigned round = 0; round < 150; round++) {
		for (unsigned n = test_below(12); n; n--)
			if (test_below(2))
				store(test_below(npages));
			else
				meddle(npages, shared);
		find_written(npages);
		rig_check();
	}
	disk_end_all();
	assert_int_equal(0, vm_unmap(&space, AT, npages * P));
}

TEST(scan_beside_all_else)
{
	begin_scan(2 * BLOCK);
	rounds(2 * BLOCK, false);
	disk_stop();
	end_scan();
}

TEST(scan_beside_all_else_with_large_entries)
{
	begin_scan(2 * BLOCK);
	thp_mode = THP_ALWAYS;
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	write_range(0, 2 * BLOCK);
	rounds(2 * BLOCK, false);
	disk_stop();
	end_scan();
}

TEST(scan_beside_all_else_of_shared_memory)
{
	struct map_request request = { .addr = AT,
				       .len = BLOCK * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED };
	vaddr_t got;

	begin_scan(1);
	request.object = object_create_anon(BLOCK * P);
	assert_int_equal(0, vm_map(&space, &request, &got));
	rounds(BLOCK, true);
	object_put(request.object);
	disk_stop();
	end_scan();
}
