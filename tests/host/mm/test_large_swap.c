/* SPDX-License-Identifier: MIT */
/* Large entries and swap: a block that is not used is split, and its pages go and come back one by one. */
#include "large.h"
#include "one_swap.h"

#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"

#define MANY_SLOTS 4096u

static void begin_swapping(size_t nblocks, unsigned slots)
{
	begin_large();
	begin_disk(slots);
	map_large(nblocks);
}

static void end_swapping(void)
{
	thp_mode = THP_NEVER;
	finish();
}

static void page_out(struct space *of, size_t first, size_t n)
{
	assert_int_equal(0, vm_madvise(of, AT + first * P, n * P, MADV_PAGEOUT));
	disk_end_all();
	rig_check();
}

TEST(large_pageout_of_a_part)
{
	begin_swapping(2, MANY_SLOTS);
	page_out(&space, BLOCK - 4, 9);
	assert_int_equal(9, space.swapped);
	assert_int_equal(2 * BLOCK - 9, space.resident);
	assert_int_equal(2, large_split_count());
	check_range(0, 2 * BLOCK);
	write_range(0, 2 * BLOCK);
	check_range(0, 2 * BLOCK);
	end_swapping();
}

TEST(large_pageout_of_all)
{
	begin_swapping(2, MANY_SLOTS);
	page_out(&space, 0, 2 * BLOCK);
	assert_int_equal(2 * BLOCK, space.swapped);
	assert_int_equal(0, space.resident);
	check_range(0, 2 * BLOCK);
	assert_int_equal(0, space.large);
	write_range(0, 2 * BLOCK);
	end_swapping();
}

/* What is cold goes when memory is wanted; what is locked stays, and as large as it is. */
TEST(large_reclaimed)
{
	for (unsigned cold = 0; cold < 2; cold++) {
		begin_swapping(3, MANY_SLOTS);
		assert_int_equal(0, vm_lock(&space, AT + 2 * BLOCK * P, BLOCK * P, VMA_LOCKED));
		if (cold)
			assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_COLD));
		rig_check();
		push_out();
		assert_int_equal(2 * BLOCK, space.swapped);
		assert_int_equal(1, space.large);
		assert_true(is_large(&space, AT + 2 * BLOCK * P));
		check_range(0, 3 * BLOCK);
		write_range(0, 3 * BLOCK);
		check_range(0, 3 * BLOCK);
		end_swapping();
	}
}

/* As on Linux a block that others map, too, is left as it is. */
TEST(large_pageout_of_what_others_have)
{
	struct space *child;

	begin_swapping(1, MANY_SLOTS);
	child = fork_space();
	page_out(&space, 0, BLOCK);
	assert_int_equal(0, space.swapped);
	assert_int_equal(1, space.large);
	rig_run(child);
	write_range(7, 8); /* a copy: of the others the parent's large entry has a part */
	page_out(child, 0, BLOCK);
	assert_int_equal(1, child->swapped);
	check_range(0, BLOCK);
	rig_run(&space);
	check_range(0, BLOCK);
	page_out(&space, 0, BLOCK);
	drop_space(child);
	page_out(&space, 0, BLOCK);
	assert_int_equal(BLOCK, space.swapped);
	check_range(0, BLOCK);
	end_swapping();
}

/* Memory that two spaces share goes from both, and each finds it. */
TEST(large_reclaimed_from_both)
{
	struct space *child;

	begin_swapping(1, MANY_SLOTS);
	child = fork_space();
	push_out();
	assert_int_equal(BLOCK, space.swapped);
	assert_int_equal(BLOCK, child->swapped);
	check_range(0, BLOCK);
	rig_run(child);
	write_range(0, BLOCK);
	check_range(0, BLOCK);
	drop_space(child);
	check_range(0, BLOCK);
	end_swapping();
}

/* A pinned page stays, and so does one that is read from outside. */
TEST(large_pageout_with_pins)
{
	struct page *written, *read;

	begin_swapping(1, MANY_SLOTS);
	assert_int_equal(0, get_user_page(&space, AT + 5 * P, VM_PROT_WRITE, &written));
	assert_int_equal(0, get_user_page(&space, AT + 6 * P, VM_PROT_READ, &read));
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_PAGEOUT));
	disk_end_all();
	assert_int_equal(BLOCK - 2, space.swapped);
	*((unsigned char *)page_address(written) + 9) = 77;
	assert_int_equal(77, fake_load(AT + 5 * P + 9));
	put_user_page(&space, written, VM_PROT_WRITE);
	put_user_page(&space, read, VM_PROT_READ);
	*fake_access(AT + 5 * P + 9, VM_PROT_WRITE) = 0;
	check_range(0, BLOCK);
	end_swapping();
}

TEST(large_pageout_to_few_slots)
{
	begin_swapping(1, 64);
	page_out(&space, 0, BLOCK);
	assert_in_range(space.swapped, 1, 64);
	assert_int_equal(BLOCK, space.swapped + space.resident);
	check_range(0, BLOCK);
	end_swapping();
}

/* Without swap nothing can go, and nothing is split for that. */
TEST(large_without_swap)
{
	begin_large();
	map_large(1);
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_PAGEOUT));
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_COLD));
	(void)reclaim(100);
	assert_int_equal(1, space.large);
	check_range(0, BLOCK);
	end_large();
}

/* Where there is no frame for the table the block stays. */
TEST(large_pageout_out_of_memory)
{
	begin_swapping(1, MANY_SLOTS);
	(void)alloc_fail_set(1, NULL, ALLOC_FAIL_STARVE);
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_PAGEOUT));
	assert_true(alloc_fail_set(0, NULL, ALLOC_FAIL_ASK));
	disk_end_all();
	rig_check();
	assert_int_equal(1, space.large);
	check_range(0, BLOCK);
	end_swapping();
}

/* A kept small block and much memory: the program gets more than there is, and finds all of it. */
TEST(large_more_than_memory)
{
	const size_t nblocks = 20; /* of 16 that the machine has */

	begin_large();
	begin_disk(8192);
	map(AT, nblocks * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, nblocks * BLOCK * P, MADV_HUGEPAGE));
	for (size_t i = 0; i < nblocks * BLOCK; i++) {
		if (page_alloc_above_low() < 64)
			push_out();
		write_page(i);
	}
	assert_true(large_counts.filled > 4 && large_split_count() > 4);
	for (size_t i = 0; i < nblocks * BLOCK; i++) {
		if (page_alloc_above_low() < 64)
			push_out();
		assert_int_equal(byte_at(i), fake_load(place_of(i)));
	}
	rig_check();
	end_swapping();
}
