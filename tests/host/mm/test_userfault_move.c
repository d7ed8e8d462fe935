/* SPDX-License-Identifier: MIT */
/* Pages that a program moves to where they are missing: UFFDIO_MOVE (R230). */
#include "large.h"
#include "one_swap.h"

#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/userfault.h"

#define N    16
#define FROM (AT + 64 * BLOCK * P) /* in other tables than AT */

static struct userfault *userfault;

static void begin_move(size_t npages)
{
	begin_large();
	thp_mode = THP_NEVER;
	userfault = userfault_create();
	assert_non_null(userfault);
	map(AT, npages, RW);
	map(FROM, npages, RW);
	assert_int_equal(
		0, vm_userfault_register(&space, AT, AT + npages * P, userfault, VMA_UF_MISSING));
}

static void end_move(void)
{
	rig_check();
	rig_destroy(&space);
	userfault_put(userfault);
	check_gone();
}

static void write_source(size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++)
		assert_int_equal(0, fake_store(FROM + i * P + i % P, byte_at(i)));
}

/* Page i of registered memory. */
static void write_page_given(size_t i)
{
	struct page *page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);

	memset(page_address(page), byte_at(i), P);
	assert_int_equal(0, userfault_give(&space, AT + i * P, &page, false));
}

static size_t done;

static int move(size_t first, size_t n, bool holes)
{
	return vm_userfault_move(&space, AT + first * P, FROM + first * P, n * P, holes, userfault,
				 &done);
}

TEST(move_takes_the_pages)
{
	begin_move(2 * BLOCK);
	write_source(0, N);
	write_source(BLOCK - 4, 8);
	assert_int_equal(0, move(0, N, false));
	assert_int_equal(0, move(BLOCK - 4, 8, false)); /* from two tables into two */
	assert_int_equal(8 * P, done);
	check_range(0, N);
	check_range(BLOCK - 4, BLOCK + 4);
	assert_int_equal(N + 8, space.resident);
	assert_int_equal(0, fake_load(FROM));
	write_range(0, N);
	end_move();
}

TEST(move_stops)
{
	struct page *page;

	begin_move(N);
	write_source(0, 2);
	assert_int_equal(-ENOENT, move(0, 3, false));
	assert_int_equal(2 * P, done);
	write_source(0, 4);
	assert_int_equal(-EEXIST, move(1, 2, false));
	assert_int_equal(0, done);
	assert_int_equal(0, move(2, 6, true));
	assert_int_equal(6 * P, done);
	write_source(4, 2);
	assert_int_equal(0, get_user_page(&space, FROM + 5 * P, VM_PROT_WRITE, &page));
	assert_int_equal(-EBUSY, move(4, 2, false)); /* a device may write there */
	assert_int_equal(P, done);
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_int_equal(0, move(5, 1, false));
	check_range(0, 6);
	end_move();
}

TEST(move_not_what_a_child_has)
{
	struct space child;

	begin_move(N);
	write_source(0, 4);
	begin_child(&child);
	assert_int_equal(-EBUSY, move(0, 4, false));
	write_source(1, 1);
	assert_int_equal(0, move(1, 1, false));
	rig_destroy(&child);
	assert_int_equal(0, move(2, 2, false));
	check_range(1, 4);
	end_move();
}

TEST(move_from_a_large_entry)
{
	begin_move(2 * BLOCK);
	thp_mode = THP_ALWAYS;
	assert_int_equal(0, vm_madvise(&space, FROM, 2 * BLOCK * P, MADV_HUGEPAGE));
	write_source(0, BLOCK);
	assert_int_equal(1, space.large);
	alloc_fail_at = 4; /* after those of the new place */
	(void)move(3, 2, false);
	alloc_fail_at = 0;
	assert_int_equal(0, move(done ? 5 : 3, 4, false));
	assert_int_equal(0, space.large);
	check_range(5, 7);
	assert_int_equal(-EEXIST, move(5, 1, false));
	end_move();
}

TEST(move_of_swapped_pages)
{
	begin_move(N);
	begin_disk(64);
	write_source(0, N);
	assert_int_equal(0, vm_madvise(&space, FROM, N * P, MADV_PAGEOUT));
	disk_end_all();
	assert_int_equal(N, space.swapped);
	assert_int_equal(0, move(0, N, false));
	assert_int_equal(N, space.swapped);
	check_range(0, N);
	assert_int_equal(0, vm_unmap(&space, AT, N * P));
	disk_stop();
	end_move();
}

TEST(move_without_memory)
{
	begin_move(N);
	write_source(0, 2);
	alloc_fail_at = 1;
	assert_int_equal(-ENOMEM, move(0, 2, false));
	alloc_fail_at = 0;
	assert_int_equal(0, move(0, 2, false));
	end_move();
}

/* The mark of a page that was write-protected stays behind. */
TEST(move_drops_protection)
{
	begin_move(N);
	write_source(0, 1);
	assert_int_equal(0, vm_userfault_register(&space, FROM, FROM + P, userfault, VMA_UF_WP));
	assert_int_equal(0, vm_userfault_protect(&space, FROM, FROM + P, true));
	assert_int_equal(0, move(0, 1, false));
	check_range(0, 1);
	write_range(0, 1);
	end_move();
}

/* Down by a page: each page goes to the place that the one before has left. */
TEST(move_onto_itself)
{
	begin_move(N);
	for (size_t i = 1; i < 6; i++)
		write_page_given(i);
	assert_int_equal(0, vm_userfault_move(&space, AT, AT + P, 5 * P, false, userfault, &done));
	assert_int_equal(5 * P, done);
	for (size_t i = 1; i < 6; i++)
		assert_int_equal(byte_at(i), fake_load(AT + (i - 1) * P + i % P));
	assert_int_equal(0,
			 vm_userfault_move(&space, AT + 8 * P, AT, 5 * P, false, userfault, &done));
	assert_int_equal(-EEXIST, vm_userfault_move(&space, AT + 9 * P, AT + 8 * P, 5 * P, false,
						    userfault, &done));
	end_move();
}
