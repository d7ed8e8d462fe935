/* SPDX-License-Identifier: MIT */
/* R80. Private pages and pages of files make room for each other, whichever are in use. */
#include "one_swap.h"

#include <stdio.h>
#include <string.h>

#include "mm/object/object_io.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/page_census.h"

enum {
	FRAMES_N = 256,
	SET = FRAMES_N / 2, /* in use all the time */
	SCAN = 4 * FRAMES_N,
	PAGES_N = 1024, /* of each kind, for the random trace */
	TRACE = 20000,
};

#define PRIVATE_AT AT
#define FILE_AT	   (AT + GIB / 2)

static struct object *file;
static size_t free_at_start;

static void begin_both(void)
{
	struct map_request request = { .addr = FILE_AT,
				       .len = (SET + SCAN + PAGES_N) * P,
				       .prot = VM_PROT_READ,
				       .max_prot = VM_PROT_READ,
				       .flags = MAP_PRIVATE | MAP_FIXED,
				       .object = rig_file((SET + SCAN + PAGES_N) * P) };
	vaddr_t at;

	begin(2 * SCAN + PAGES_N);
	file = request.object;
	assert_int_equal(0, vm_map(&space, &request, &at));
	map(PRIVATE_AT, SET + SCAN + PAGES_N, RW);
	free_at_start = page_alloc_free_count();
}

static void finish_both(void)
{
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
	object_put(file);
	finish();
}

/* Frames that hold pages of either kind. */
static size_t in_memory(void)
{
	struct page_census census;

	page_census(&census);
	return census.kind[PAGE_ANON] + census.kind[PAGE_OBJECT];
}

static void make_room(void)
{
	while (free_at_start - page_alloc_free_count() >= FRAMES_N && in_memory() >= FRAMES_N)
		assert_true(reclaim(1) > 0);
}

static void use_private(unsigned page)
{
	make_room();
	write_pages(page, 1);
}

static void read_private(unsigned page)
{
	make_room();
	check_pages(page, 1);
}

static void use_file(unsigned page)
{
	make_room();
	assert_int_equal(rig_byte(page * P), fake_load(FILE_AT + page * P) & 0xff);
}

static void tell(const char *what, unsigned again)
{
	printf("# %s: %u of %u pages in use were read again\n", what, again, SET);
	assert_true(again <= SET / 10);
}

/* A file of four times the memory is read once. The private pages in use stay. */
TEST(a_scan_of_a_file_leaves_private_pages)
{
	begin_both();
	for (unsigned i = 0; i < SET; i++)
		use_private(i);
	for (unsigned i = 0; i < SCAN; i++) {
		if (i == FRAMES_N)
			disk_pages_read = 0;
		use_file(i);
		read_private(i % SET);
	}
	tell("a scan of a file", disk_pages_read);
	finish_both();
}

/* Private memory of four times the frames is written once. The pages of the file in use stay. */
TEST(a_scan_of_private_memory_leaves_a_file)
{
	begin_both();
	for (unsigned i = 0; i < SET; i++)
		use_file(i);
	for (unsigned i = 0; i < SCAN; i++) {
		if (i == FRAMES_N)
			rig_reads = 0;
		use_private(i);
		use_file(i % SET);
	}
	tell("a scan of private memory", rig_reads);
	finish_both();
}

/* ---- beside exact LRU ---- */

static unsigned trace[TRACE]; /* below PAGES_N: of the file; others are private */

/* One of `nth` pages is of the file. */
static void make_trace(unsigned nth)
{
	for (unsigned i = 0; i < TRACE; i++) {
		trace[i] = test_zipf(PAGES_N) * 397 % PAGES_N;
		trace[i] += test_below(nth) ? PAGES_N : 0;
	}
}

/* Misses of exact LRU over both kinds. */
static unsigned lru_misses(void)
{
	static unsigned last[2 * PAGES_N];
	unsigned misses = 0, there = 0;

	memset(last, 0, sizeof(last));
	for (unsigned i = 0; i < TRACE; i++) {
		unsigned oldest = 2 * PAGES_N;

		if (!last[trace[i]]) {
			misses++;
			for (unsigned k = 0; there == FRAMES_N && k < 2 * PAGES_N; k++)
				if (last[k] && (oldest == 2 * PAGES_N || last[k] < last[oldest]))
					oldest = k;
			if (oldest < 2 * PAGES_N)
				last[oldest] = 0;
			there += there < FRAMES_N;
		}
		last[trace[i]] = i + 1;
	}
	return misses;
}

static void beside_lru(unsigned nth)
{
	unsigned lru, ours;

	begin_both();
	make_trace(nth);
	lru = lru_misses();
	for (unsigned i = 0; i < PAGES_N; i++)
		use_private(i);
	disk_pages_read = rig_reads = 0;
	for (unsigned i = 0; i < TRACE; i++) {
		if (trace[i] < PAGES_N)
			use_file(trace[i]);
		else
			read_private(trace[i] - PAGES_N);
	}
	ours = rig_reads + disk_pages_read;
	printf("# 1 of %u is of a file: %u pages were read (%u of the file), exact LRU: %u\n", nth,
	       ours, rig_reads, lru);
	assert_true(ours * 100 <= lru * 95);
	finish_both();
}

/* Whichever kind is used more. */
TEST(zipf_files)
{
	beside_lru(1);
}

TEST(zipf_both)
{
	beside_lru(2);
}

TEST(zipf_mostly_private)
{
	beside_lru(8);
}
