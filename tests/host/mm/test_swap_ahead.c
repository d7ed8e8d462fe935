/* SPDX-License-Identifier: MIT */
/* R81, R84. Pages that are read from swap together with a neighbour that is needed. */
#include "one_swap.h"

#include <string.h>

#include "abi/errno.h"
#include "mm/page_age.h"
#include "mm/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/readahead.h"
#include "mm/swap_off.h"

/* Pages that are out, in consecutive slots from 1 on. */
static void begin_out(unsigned npages)
{
	begin(SLOTS);
	map(AT, npages, RW);
	write_pages(0, npages);
	push_out();
	assert_int_equal(space.swapped, npages);
}

static bool is_resident(unsigned page)
{
	uint8_t there;

	assert_int_equal(vm_mincore(&space, AT + page * P, 1, &there), 1);
	return there;
}

static unsigned count_resident(unsigned npages)
{
	unsigned n = 0;

	for (unsigned i = 0; i < npages; i++)
		n += is_resident(i);
	return n;
}

/* ---- the window ---- */

TEST(the_window_grows_while_neighbours_are_used)
{
	struct readahead ahead = { 0 };
	uint64_t index = 1000;

	assert_int_equal(readahead_next(&ahead, index), 1);
	for (unsigned i = 0; i < 10; i++) {
		unsigned window = readahead_next(&ahead, ++index);

		assert_int_equal(window, MIN(2u << i, READAHEAD_MAX));
		ahead.brought = window - 1;
		ahead.used = window / 2;
	}
}

TEST(the_window_shrinks_while_neighbours_are_not_used)
{
	struct readahead ahead = { .last = 1000, .window = READAHEAD_MAX };

	for (unsigned window = READAHEAD_MAX; window > 1; window /= 2) {
		ahead.brought = READAHEAD_MAX;
		ahead.used = READAHEAD_MAX / 2 - 1;
		assert_int_equal(readahead_next(&ahead, ahead.last + 1), window / 2);
	}
	assert_int_equal(readahead_next(&ahead, 50), 1);
	assert_int_equal(readahead_next(&ahead, 52), 1);
}

/* Whatever comes, it is a power of two and at most READAHEAD_MAX. */
TEST(the_window_has_limits)
{
	struct readahead ahead = { 0 };

	for (unsigned i = 0; i < 100000; i++) {
		unsigned window = readahead_next(&ahead, test_below(8));

		assert_in_range(window, 1, READAHEAD_MAX);
		assert_int_equal(window & (window - 1), 0);
		ahead.brought = test_below(window);
		ahead.used = test_below(2 * window);
	}
}

/* ---- reads ---- */

TEST(pages_in_order_take_few_requests)
{
	begin_out(400);
	check_pages(0, 400);
	assert_int_equal(disk_pages_read, 400);
	assert_in_range(disk_reads, 400 / READAHEAD_MAX, 400 / READAHEAD_MAX + 5);
	finish();
}

TEST(pages_in_reverse_order_take_few_requests)
{
	begin_out(400);
	for (unsigned i = 400; i-- > 0;)
		check_pages(i, 1);
	assert_int_equal(disk_pages_read, 400);
	assert_in_range(disk_reads, 400 / READAHEAD_MAX, 400 / READAHEAD_MAX + 5);
	finish();
}

/* Those that follow one another by chance may bring some more. */
TEST(pages_in_no_order_are_read_one_by_one)
{
	begin_out(400);
	for (unsigned i = 0; i < 200; i++)
		check_pages(i * 173 % 400, 1);
	assert_in_range(disk_pages_read, 200, 210);
	for (unsigned i = 0; i < 400; i++)
		check_pages(i * 173 % 400, 1);
	finish();
}

/* Pages of which every fourth is used are not worth bringing. */
TEST(a_stride_brings_no_neighbours)
{
	begin_out(400);
	check_pages(0, 32);
	assert_true(disk_pages_read > disk_reads);
	for (unsigned i = 40; i < 400; i += 4)
		check_pages(i, 1);
	assert_in_range(disk_pages_read, 32 + 90, 32 + 90 + 24);
	finish();
}

/* Goes through pages in order up to the one that begins a read of READAHEAD_MAX pages. */
static unsigned begin_wide_read(void)
{
	unsigned i = 0;

	for (;; i++) {
		if (fault(AT + i * P, VM_PROT_READ) == VM_WAIT) {
			if (disk_requests[0]->npages == READAHEAD_MAX)
				return i;
			disk_end_all();
			assert_int_equal(fault(AT + i * P, VM_PROT_READ), 0);
		}
	}
}

/* Who needs a neighbour waits for the same read. */
TEST(neighbours_wait_for_the_same_read)
{
	unsigned first, reads;

	begin_out(100);
	first = begin_wide_read();
	reads = disk_reads;
	for (unsigned i = 1; i < READAHEAD_MAX; i++)
		assert_int_equal(fault(AT + (first + i) * P, VM_PROT_WRITE), VM_WAIT);
	assert_int_equal(disk_reads, reads);
	rig_check();
	disk_end_all();
	rig_check();
	for (unsigned i = 0; i < READAHEAD_MAX; i++)
		assert_int_equal(fault(AT + (first + i) * P, VM_PROT_WRITE), 0);
	assert_int_equal(disk_reads, reads);
	check_pages(0, 100);
	finish();
}

/* R84: the error of a page is that page's only. */
TEST(an_error_is_not_the_neighbours)
{
	begin_out(40);
	for (unsigned bad = 0; bad < 40; bad++) {
		disk_bad_slot = bad + 1;
		for (unsigned i = 0; i < 40; i++) {
			if (i == bad)
				assert_int_equal(fake_load(AT + i * P), -1);
			else
				check_pages(i, 1);
		}
		rig_check();
		disk_bad_slot = 0;
		push_out();
		assert_int_equal(space.swapped, 40);
	}
	check_pages(0, 40);
	finish();
}

/* Nobody waits any more, for some of the pages, when the read fails. */
TEST(pages_go_while_a_read_fails)
{
	unsigned first;

	begin_out(100);
	first = begin_wide_read();
	assert_int_equal(vm_unmap(&space, AT + first * P, 3 * P), 0);
	disk_end(0, -EIO);
	rig_check();
	assert_int_equal(disk_count, 1); /* the page that was asked for, once more */
	disk_end(0, -EIO);
	rig_check();
	assert_int_equal(disk_count, 0);
	check_pages(0, first);
	check_pages(first + 3, 100 - first - 3);
	finish();
}

/* Slots that become free during the read, and are used again. */
TEST(neighbours_go_during_the_read)
{
	unsigned first, free_before;

	begin_out(100);
	first = begin_wide_read();
	free_before = (unsigned)swap_free();
	assert_int_equal(vm_unmap(&space, AT + (first + 1) * P, 4 * P), 0);
	assert_int_equal(swap_free(), free_before + 4);
	rig_check();
	disk_end_all();
	rig_check();
	check_pages(0, first + 1);
	check_pages(first + 5, 100 - first - 5);
	finish();
}

static unsigned in_use;

static int use_some(struct vm_wait *wait)
{
	(void)disk_pause(wait);
	check_pages(0, in_use);
	return 0;
}

/* Pages that came along and are not needed go, even if they have gone a short while ago. */
TEST(pages_that_nobody_needed_go)
{
	unsigned first;

	begin_out(100);
	first = begin_wide_read();
	disk_end_all();
	assert_int_equal(fault(AT + first * P, VM_PROT_READ), 0);
	in_use = first + 1;
	for (unsigned i = 1; i < READAHEAD_MAX; i++) {
		struct page *page = object_page_resident(&swap_cache, first + i + 1);

		page_set_hot(page); /* as one that is read again soon */
		page_put(page);
	}
	assert_int_equal(count_resident(100), first + READAHEAD_MAX);
	rig_pause = use_some;
	(void)reclaim_ahead(READAHEAD_MAX - 1);
	rig_pause = disk_pause;
	assert_int_equal(count_resident(100), first + 1);
	rig_check();
	check_pages(0, 100);
	finish();
}

/* R45: neighbours are not worth the last frames. The page itself comes. */
TEST(no_memory_for_neighbours)
{
	unsigned reads;

	begin_out(100);
	check_pages(0, 20);
	reads = disk_reads;
	page_alloc_set_reserve(page_alloc_free_count() - 1);
	assert_int_equal(fault(AT + 50 * P, VM_PROT_READ), VM_WAIT);
	assert_int_equal(disk_requests[0]->npages, 1);
	page_alloc_set_reserve(0);
	disk_end_all();
	assert_int_equal(disk_reads, reads + 1);
	check_pages(0, 100);
	finish();
}

/* What swapoff brings back in order takes few requests too. */
TEST(swapoff_reads_ahead)
{
	begin_out(400);
	assert_int_equal(swap_in_space(&space, NULL), 0);
	assert_int_equal(space.swapped, 0);
	assert_int_equal(disk_pages_read, 400);
	assert_in_range(disk_reads, 400 / READAHEAD_MAX, 400 / READAHEAD_MAX + 5);
	finish();
}

static unsigned waits;

/* A slow disk: it has answered everything by the time that a thread has waited. */
static int wait_for_all(struct vm_wait *wait)
{
	waits += wait != NULL;
	if (wait)
		disk_end_all();
	return 0;
}

/* Where no neighbours come along, several reads are under way at once. */
TEST(swapoff_waits_for_several_reads)
{
	begin_apart(SLOTS);
	map(AT, 80, RW);
	write_pages(0, 80);
	while (swap_out_count() < 80)
		push_out();
	waits = 0;
	rig_pause = wait_for_all;
	assert_int_equal(swap_in_space(&space, NULL), 0);
	rig_pause = disk_pause;
	assert_int_equal(space.swapped, 0);
	assert_int_equal(disk_reads, 80);
	assert_in_range(waits, 10, 12);
	check_pages(0, 80);
	finish();
}

/* A child's pages that are out are read for both, along with others. */
TEST(pages_shared_by_fork_come_along)
{
	struct space *child;

	begin_out(100);
	child = fork_space();
	check_pages(0, 100);
	rig_run(child);
	check_pages(0, 100);
	assert_int_equal(disk_pages_read, 100);
	write_pages(0, 100);
	drop_space(child);
	check_pages(0, 100);
	finish();
}
