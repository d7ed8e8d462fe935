/* SPDX-License-Identifier: MIT */
/* R81, R84. Pages that are read from swap together with a neighbour that is needed. */
#include "one_swap.h"

#include <string.h>

#include "abi/errno.h"
#include "mm/fault/readahead.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/page_age.h"
#include "mm/swap/swap_off.h"

/* Pages that are out, in consecutive slots from 1 on. */
static void begin_out(unsigned npages)
{
	begin(SLOTS);
	map(AT, npages, RW);
	write_pages(0, npages);
	push_out();
	assert_int_equal(npages, space.swapped);
}

static bool is_resident(unsigned page)
{
	uint8_t there;

	assert_int_equal(1, vm_mincore(&space, AT + page * P, 1, &there));
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

/* A read of the page at index; of the pages that come along, so many are used. Returns the window. */
static unsigned read_at(struct readahead *ahead, uint64_t index, unsigned nused)
{
	unsigned window = readahead_next(ahead, index);

	readahead_brought(ahead, index, window - 1);
	for (unsigned i = 0; i < MIN(nused, window - 1); i++)
		readahead_used(ahead, ALIGN_DOWN(index, window) + i);
	return window;
}

TEST(the_window_grows_while_neighbours_are_used)
{
	struct readahead ahead = { 0 };
	uint64_t index = 1000;

	assert_int_equal(1, read_at(&ahead, index, 0));
	assert_false(readahead_is_wide(&ahead));
	for (unsigned i = 0; i < 10; i++) {
		unsigned window = read_at(&ahead, ++index, READAHEAD_MAX / 2);

		assert_int_equal(MIN(2u << i, READAHEAD_MAX), window);
		assert_true(readahead_is_wide(&ahead));
	}
}

TEST(the_window_shrinks_while_neighbours_are_not_used)
{
	struct readahead ahead = { 0 };
	uint64_t index = 1000;

	while (read_at(&ahead, index, READAHEAD_MAX) < READAHEAD_MAX)
		index++;
	assert_int_equal(READAHEAD_MAX, read_at(&ahead, ++index, READAHEAD_MAX / 2 - 1));
	for (unsigned window = READAHEAD_MAX / 2; window > 1; window /= 2)
		assert_int_equal(window, read_at(&ahead, ++index, window / 2 - 1));
	assert_int_equal(1, read_at(&ahead, 50, 0));
	assert_int_equal(1, read_at(&ahead, 52, 0));
}

/* If no neighbour is out, a stream that goes on grows all the same, and a new one does not. */
TEST(the_window_where_nothing_comes_along)
{
	struct readahead ahead = { 0 };

	assert_int_equal(1, readahead_next(&ahead, 100));
	assert_int_equal(2, readahead_next(&ahead, 101));
	assert_int_equal(4, readahead_next(&ahead, 103));
	assert_int_equal(2, readahead_next(&ahead, 500));
	assert_int_equal(1, readahead_next(&ahead, 600));
	assert_int_equal(8, readahead_next(&ahead, 99)); /* the first stream's, backward */
}

/* Whatever comes, it is a power of two and at most READAHEAD_MAX. */
TEST(the_window_has_limits)
{
	struct readahead ahead = { 0 };

	for (unsigned i = 0; i < 100000; i++) {
		unsigned window = read_at(&ahead, test_below(i % 2 ? 8 : 1000), test_below(8));

		assert_in_range(window, 1, READAHEAD_MAX);
		assert_int_equal(0, window & (window - 1));
	}
}

/* Passes `n` pages of each of some streams in turn, every second one backward. Returns the reads. */
static unsigned pass_streams(unsigned nstreams, unsigned n)
{
	struct readahead ahead = { 0 };
	bool there[READAHEAD_STREAMS + 1][256] = { 0 };
	unsigned reads = 0;

	for (unsigned i = 0; i < n; i++) {
		for (unsigned s = 0; s < nstreams; s++) {
			unsigned page = s % 2 ? n - 1 - i : i, window, first, came = 0;
			uint64_t index = 4096 * (s + 1) + page;

			if (there[s][page]) {
				readahead_used(&ahead, index);
				continue;
			}
			window = readahead_next(&ahead, index);
			first = ALIGN_DOWN(page, window);
			for (unsigned k = first; k < MIN(first + window, n); k++) {
				came += k != page && !there[s][k];
				there[s][k] = true;
			}
			readahead_brought(&ahead, index, came);
			reads++;
		}
	}
	return reads;
}

/* Scans in both directions do not disturb one another. */
TEST(each_stream_has_a_window)
{
	for (unsigned nstreams = 1; nstreams <= READAHEAD_STREAMS; nstreams++)
		assert_in_range(pass_streams(nstreams, 256), nstreams * 32, nstreams * 36);
}

/* So do reads in no order between those of a scan, as long as they are fewer than the streams. */
TEST(a_stream_outlasts_others)
{
	struct readahead ahead = { 0 };
	uint64_t index = 1000;

	while (read_at(&ahead, index, READAHEAD_MAX) < READAHEAD_MAX)
		index++;
	for (unsigned i = 0; i < 100; i++) {
		for (unsigned k = 0; k < READAHEAD_STREAMS - 1; k++)
			(void)read_at(&ahead, 100000 + (i * 16 + k) * 100, 0);
		index = ALIGN_UP(index + 1, READAHEAD_MAX);
		assert_int_equal(READAHEAD_MAX, read_at(&ahead, index, READAHEAD_MAX));
	}
}

/* Pages of a stride are read one by one, however many such streams there are. */
TEST(a_stride_is_no_stream)
{
	struct readahead ahead = { 0 };

	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(1, read_at(&ahead, 1000 + i % 3 * 10000 + i / 3 * 2, 0));
}

/* ---- reads ---- */

TEST(pages_in_order_take_few_requests)
{
	begin_out(400);
	check_pages(0, 400);
	assert_int_equal(400, disk_pages_read);
	assert_in_range(disk_reads, 400 / READAHEAD_MAX, 400 / READAHEAD_MAX + 5);
	finish();
}

TEST(pages_in_reverse_order_take_few_requests)
{
	begin_out(400);
	for (unsigned i = 400; i-- > 0;)
		check_pages(i, 1);
	assert_int_equal(400, disk_pages_read);
	assert_in_range(disk_reads, 400 / READAHEAD_MAX, 400 / READAHEAD_MAX + 5);
	finish();
}

/* Reads 400 pages: one of each of n parts in turn, every second part backward. */
static void check_in_turn(unsigned n)
{
	unsigned part = 400 / n;

	begin_out(400);
	for (unsigned i = 0; i < part; i++)
		for (unsigned s = 0; s < n; s++)
			check_pages(s * part + (s % 2 ? part - 1 - i : i), 1);
	assert_int_equal(400, disk_pages_read);
	assert_in_range(disk_reads, 400 / READAHEAD_MAX, 400 / READAHEAD_MAX + 5 * n);
	finish();
}

TEST(pages_of_two_scans_take_few_requests)
{
	check_in_turn(2);
}

TEST(pages_of_five_scans_take_few_requests)
{
	check_in_turn(5);
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
			assert_int_equal(0, fault(AT + i * P, VM_PROT_READ));
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
		assert_int_equal(VM_WAIT, fault(AT + (first + i) * P, VM_PROT_WRITE));
	assert_int_equal(reads, disk_reads);
	rig_check();
	disk_end_all();
	rig_check();
	for (unsigned i = 0; i < READAHEAD_MAX; i++)
		assert_int_equal(0, fault(AT + (first + i) * P, VM_PROT_WRITE));
	assert_int_equal(reads, disk_reads);
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
				assert_int_equal(-1, fake_load(AT + i * P));
			else
				check_pages(i, 1);
		}
		rig_check();
		disk_bad_slot = 0;
		push_out();
		assert_int_equal(40, space.swapped);
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
	assert_int_equal(0, vm_unmap(&space, AT + first * P, 3 * P));
	disk_end(0, -EIO);
	rig_check();
	assert_int_equal(1, disk_count); /* the page that was asked for, once more */
	disk_end(0, -EIO);
	rig_check();
	assert_int_equal(0, disk_count);
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
	assert_int_equal(0, vm_unmap(&space, AT + (first + 1) * P, 4 * P));
	assert_int_equal(free_before + 4, swap_free());
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
	assert_int_equal(0, fault(AT + first * P, VM_PROT_READ));
	in_use = first + 1;
	for (unsigned i = 1; i < READAHEAD_MAX; i++) {
		struct page *page = object_page_resident(&swap_cache, first + i + 1);

		page_set_hot(page); /* as one that is read again soon */
		page_put(page);
	}
	assert_int_equal(first + READAHEAD_MAX, count_resident(100));
	rig_pause = use_some;
	(void)reclaim_ahead(READAHEAD_MAX - 1);
	rig_pause = disk_pause;
	assert_int_equal(first + 1, count_resident(100));
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
	assert_int_equal(VM_WAIT, fault(AT + 50 * P, VM_PROT_READ));
	assert_int_equal(1, disk_requests[0]->npages);
	page_alloc_set_reserve(0);
	disk_end_all();
	assert_int_equal(reads + 1, disk_reads);
	check_pages(0, 100);
	finish();
}

/* What swapoff brings back in order takes few requests too. */
TEST(swapoff_reads_ahead)
{
	begin_out(400);
	assert_int_equal(0, swap_in_space(&space, NULL));
	assert_int_equal(0, space.swapped);
	assert_int_equal(400, disk_pages_read);
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
	assert_int_equal(0, swap_in_space(&space, NULL));
	rig_pause = disk_pause;
	assert_int_equal(0, space.swapped);
	assert_int_equal(80, disk_reads);
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
	assert_int_equal(100, disk_pages_read);
	write_pages(0, 100);
	drop_space(child);
	check_pages(0, 100);
	finish();
}
