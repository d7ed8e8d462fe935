/* SPDX-License-Identifier: MIT */
/* R80 R90. Pages whose bytes nobody needs: reclaim drops them first, with and without swap; a write keeps them. */
#include "one_swap.h"

#include "mm/fault/get_user_page.h"
#include "mm/fault/run.h"

#define N 40u /* pages that the tests give up */

static void free_pages(unsigned first, unsigned n)
{
	assert_int_equal(0, vm_madvise(&space, AT + first * P, n * P, MADV_FREE));
}

static struct page *page_of(unsigned page)
{
	return pfn_to_page(entry_pfn(entry_load(arch_mmu_lookup(&space.mmu, AT + page * P))));
}

/* So many have been dropped since, which had been given up. */
static uint64_t lazyfreed_before;

static void assert_lazyfreed(unsigned n)
{
	assert_int_equal(n, reclaim_counts.lazyfreed - lazyfreed_before);
}

/* All that can be reclaimed is. */
static void reclaim_all(void)
{
	lazyfreed_before = reclaim_counts.lazyfreed;
	(void)reclaim(10000);
}

static void assert_zeros(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		assert_int_equal(0, fake_load(AT + i * P + i % P));
}

/* Pages with known bytes, of which some are given up; no swap. */
static void begin_freed(void)
{
	start();
	map(AT, N, RW);
	write_pages(0, N);
	free_pages(0, N);
}

TEST(lazyfree_pages_are_dropped_without_swap)
{
	size_t before;

	begin_freed();
	check_pages(0, N); /* nobody was short of memory */
	before = page_alloc_free_count();
	reclaim_all();
	assert_lazyfreed(N);
	assert_int_equal(before + N, page_alloc_free_count());
	assert_int_equal(0, space.resident);
	assert_zeros(0, N);
	assert_int_equal(0, space.resident);
	end();
}

/* The first pass over them takes as many as are wanted, and what is in use stays. */
TEST(lazyfree_pages_are_the_first_to_go)
{
	begin(SLOTS);
	map(AT, 2 * N, RW);
	write_pages(0, 2 * N);
	free_pages(0, N);
	lazyfreed_before = reclaim_counts.lazyfreed;
	assert_int_equal(N, reclaim(N));
	assert_lazyfreed(N);
	assert_int_equal(0, disk_pages_written);
	check_pages(N, N);
	finish();
}

TEST(lazyfree_page_is_kept_by_a_write)
{
	begin_freed();
	write_pages(3, 1);
	reclaim_all();
	assert_lazyfreed(N - 1);
	check_pages(3, 1);
	free_pages(3, 1);
	reclaim_all();
	assert_lazyfreed(1);
	assert_zeros(0, N);
	end();
}

/* The kernel's writes count, too, and a page that it may be about to write stays. */
TEST(lazyfree_page_is_kept_by_a_pin)
{
	struct page *page;

	begin_freed();
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	free_pages(0, 1);
	*(unsigned char *)page_address(page) = 99;
	reclaim_all();
	assert_lazyfreed(N - 1);
	put_user_page(&space, page, VM_PROT_WRITE);
	reclaim_all();
	assert_lazyfreed(0);
	assert_int_equal(99, fake_load(AT));
	end();
}

TEST(lazyfree_page_stays_while_it_is_read)
{
	struct page *page;

	begin_freed();
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_READ, &page));
	reclaim_all();
	assert_lazyfreed(N - 1);
	assert_int_equal(byte_of(0), fake_load(AT));
	put_user_page(&space, page, VM_PROT_READ);
	reclaim_all();
	assert_lazyfreed(1);
	end();
}

/* Parent and child each have the old bytes or zeros, until one of them writes. */
TEST(lazyfree_pages_after_fork)
{
	struct space *child;

	begin_freed();
	child = fork_space();
	rig_run(child);
	write_pages(0, 2);
	rig_run(&space);
	write_pages(1, 1);
	reclaim_all();
	assert_lazyfreed(N - 1); /* page 0 of the parent's, and not page 1 of either */
	assert_int_equal(1, space.resident);
	assert_int_equal(2, child->resident);
	check_pages(1, 1);
	assert_zeros(0, 1);
	rig_run(child);
	check_pages(0, 2);
	assert_zeros(2, N - 2);
	drop_space(child);
	end();
}

/* What a child of fork has, too, stays, whoever gives it up. */
TEST(lazyfree_leaves_shared_pages)
{
	struct space *child;

	start();
	map(AT, N, RW);
	write_pages(0, N);
	child = fork_space();
	free_pages(0, N);
	reclaim_all();
	assert_lazyfreed(0);
	check_pages(0, N);
	drop_space(child);
	reclaim_all();
	assert_lazyfreed(0);
	check_pages(0, N);
	end();
}

/* The hand looks at each page once more, and then not until others are given up. */
TEST(lazyfree_is_looked_for_no_longer_than_needed)
{
	uint64_t scanned;

	begin_freed();
	write_pages(0, N);
	assert_int_equal(0, reclaim(1));
	assert_int_equal(0, space.lazyfree);
	scanned = reclaim_counts.scanned;
	assert_int_equal(0, reclaim(1));
	assert_int_equal(scanned, reclaim_counts.scanned);
	check_pages(0, N);
	free_pages(0, 1);
	reclaim_all();
	assert_lazyfreed(1);
	end();
}

TEST(lazyfree_with_soft_ad)
{
	start();
	arch_ad_soft_set(true);
	map(AT, N, RW);
	write_pages(0, N);
	free_pages(0, N);
	check_pages(0, 2);
	write_pages(1, 2);
	reclaim_all();
	assert_lazyfreed(N - 2);
	check_pages(1, 2);
	assert_zeros(3, N - 3);
	end();
	arch_ad_soft_set(false);
}

TEST(lazyfree_moves_with_mremap)
{
	vaddr_t at;

	begin_freed();
	assert_int_equal(0, vm_remap(&space, AT, N * P, N * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     AT + GIB, &at));
	reclaim_all();
	assert_lazyfreed(N);
	end();
}

/* ---- with swap ---- */

/* What is in swap goes at once, and so does its slot. */
TEST(lazyfree_of_what_is_in_swap)
{
	begin(SLOTS);
	map(AT, N, RW);
	write_pages(0, N);
	push_out();
	assert_int_equal(SLOTS - N, swap_free());
	free_pages(0, N);
	assert_int_equal(SLOTS, swap_free());
	assert_zeros(0, N);
	finish();
}

/* A page that came back leaves the swap cache; it does not go to swap again. */
TEST(lazyfree_of_what_came_back_from_swap)
{
	begin(SLOTS);
	map(AT, N, RW);
	write_pages(0, N);
	push_out();
	check_pages(0, N);
	free_pages(0, N);
	assert_int_equal(SLOTS, swap_free());
	check_pages(0, N);
	disk_pages_written = 0;
	reclaim_all();
	disk_end_all();
	assert_lazyfreed(N);
	assert_int_equal(0, disk_pages_written);
	finish();
}

/* A page that was written since goes to swap as others do. It comes back clean, and is needed all the same. */
TEST(lazyfree_page_that_was_written_goes_to_swap)
{
	begin(SLOTS);
	map(AT, N, RW);
	write_pages(0, N);
	free_pages(0, N);
	write_pages(0, N);
	push_out();
	assert_int_equal(0, space.resident);
	check_pages(0, N);
	reclaim_all();
	disk_end_all();
	assert_lazyfreed(0);
	check_pages(0, N);
	finish();
}

/* It is mapped again before its frame is freed: the swap cache has it all the while. */
TEST(lazyfree_page_that_was_written_comes_back_at_once)
{
	begin(SLOTS);
	map(AT, N, RW);
	write_pages(0, N);
	free_pages(0, N);
	write_pages(0, N);
	start_writes();
	check_pages(0, N);
	disk_end_all();
	reclaim_all();
	disk_end_all();
	assert_lazyfreed(0);
	check_pages(0, N);
	finish();
}

/* A page that another's entry has the slot of stays. */
TEST(lazyfree_leaves_what_others_have_in_swap)
{
	struct space *child;

	begin(SLOTS);
	map(AT, N, RW);
	write_pages(0, N);
	push_out();
	child = fork_space();
	check_pages(0, N / 2);
	free_pages(0, N);
	check_pages(0, N / 2);
	assert_zeros(N / 2, N / 2);
	push_out();
	check_pages(0, N / 2);
	rig_run(child);
	check_pages(0, N);
	drop_space(child);
	finish();
}

/* MADV_PAGEOUT drops them, as on Linux. */
TEST(lazyfree_pages_are_paged_out)
{
	begin_freed();
	write_pages(0, 1);
	lazyfreed_before = reclaim_counts.lazyfreed;
	assert_int_equal(0, vm_madvise(&space, AT, N * P, MADV_COLD));
	check_pages(0, N);
	assert_int_equal(0, vm_madvise(&space, AT, N * P, MADV_PAGEOUT));
	assert_lazyfreed(N - 1);
	check_pages(0, 1);
	assert_zeros(1, N - 1);
	end();
}

/* ---- runs ---- */

/* What was filled ahead of a sweep and not used. */
TEST(lazyfree_pages_of_a_run)
{
	begin(SLOTS);
	thp_mode = THP_ALWAYS;
	map(AT, 64, RW);
	write_pages(0, 17);
	assert_int_equal(32, space.resident);
	assert_false(page_has(page_of(16), PAGE_LAZYFREE));
	assert_zeros(17, 2);
	write_pages(20, 1);
	thp_mode = THP_NEVER;
	lazyfreed_before = reclaim_counts.lazyfreed;
	assert_int_equal(14, reclaim(14));
	assert_lazyfreed(14);
	assert_int_equal(0, disk_pages_written);
	check_pages(0, 17);
	assert_zeros(17, 3);
	check_pages(20, 1);
	assert_zeros(21, 11);
	finish();
}

/* Where the kernel maintains D, all that a run fills has it: they cannot be told apart. */
TEST(lazyfree_run_with_soft_ad)
{
	start();
	arch_ad_soft_set(true);
	thp_mode = THP_ALWAYS;
	map(AT, 64, RW);
	write_pages(0, 9);
	thp_mode = THP_NEVER;
	assert_false(page_has(page_of(15), PAGE_LAZYFREE));
	reclaim_all();
	assert_lazyfreed(0);
	end();
	arch_ad_soft_set(false);
}
