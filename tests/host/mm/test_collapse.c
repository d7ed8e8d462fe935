/* SPDX-License-Identifier: MIT */
/* Pages that become one large entry: after a sweep for which frames were reserved, and on advice (R8 R14 R62 R90 R93). */
#include "large.h"

#include "lib/string.h"
#include "mm/fault/collapse.h"
#include "mm/fault/get_user_page.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/reservation.h"

/* A sweep begins a reservation with this page. */
#define ROW 16

static void begin_collapse(void)
{
	begin_large();
	assert_int_equal(0, reservation_count());
}

static void end_collapse(void)
{
	end_large();
	assert_int_equal(0, reservation_count());
}

static struct page *page_of(const struct space *of, size_t i)
{
	return pfn_to_page(entry_pfn(entry_at(of, AT + i * P)));
}

static bool is_in_place(size_t i)
{
	return page_to_pfn(page_of(&space, i)) % BLOCK == i % BLOCK;
}

/* ---- frames that are reserved ---- */

TEST(collapse_reserves_for_a_sweep)
{
	size_t free;

	begin_collapse();
	map(AT, 2 * BLOCK, RW);
	write_range(0, ROW);
	assert_int_equal(0, reservation_count());
	free = page_alloc_free_count();
	write_page(ROW);
	assert_int_equal(BLOCK - (ROW - 1), reservation_count());
	assert_int_equal(free - ROW, page_alloc_free_count());
	write_range(ROW + 1, BLOCK);
	assert_int_equal(BLOCK, space.resident);
	assert_int_equal(0, space.large);
	assert_true(is_in_place(ROW + 1) && is_in_place(BLOCK - 1) && is_in_place(100));
	write_page(BLOCK);
	assert_int_equal(2, space.large);
	assert_int_equal(2 * BLOCK, space.resident);
	assert_int_equal(0, reservation_count());
	assert_int_equal(1, large_counts.collapsed);
	check_range(0, BLOCK + 1);
	assert_int_equal(0, fake_tlb_debts());
	end_collapse();
}

/* The row comes from a block before, which the VMA has only a part of; and downwards. */
TEST(collapse_of_the_next_block)
{
	begin_collapse();
	map(AT + 10 * P, 2 * BLOCK, RW);
	write_range(10, 2 * BLOCK + 1);
	assert_int_equal(1, space.large);
	assert_true(is_large(&space, AT + BLOCK * P));
	check_range(10, 2 * BLOCK + 1);
	assert_int_equal(0, vm_unmap(&space, AT, 3 * BLOCK * P));
	map(AT + (BLOCK - 3) * P, 2 * BLOCK, RW);
	for (size_t i = 3 * BLOCK - 3; i-- > BLOCK - 3;)
		write_page(i);
	assert_int_equal(1, space.large);
	assert_true(is_large(&space, AT + BLOCK * P));
	check_range(BLOCK - 3, 3 * BLOCK - 3);
	end_collapse();
}

/* The sweep goes on by a call that writes, which gets the page, of the next block. */
TEST(collapse_by_a_call)
{
	struct page *page = NULL;

	begin_collapse();
	map(AT, 2 * BLOCK, RW);
	write_range(0, BLOCK);
	assert_true(reservation_count() > 0);
	assert_int_equal(0, get_user_page(&space, AT + BLOCK * P, VM_PROT_WRITE, &page));
	assert_non_null(page);
	assert_ptr_equal(page, page_of(&space, BLOCK));
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_true(is_large(&space, AT));
	check_range(0, BLOCK);
	end_collapse();
}

/* Nothing is reserved for pages beside each other that are few, or in the middle, or at the end of a VMA, or without permission. */
TEST(collapse_reserves_for_no_others)
{
	begin_collapse();
	map(AT, 3 * BLOCK, RW);
	write_range(0, ROW);
	write_range(BLOCK + 1, BLOCK + 200);
	assert_int_equal(0, vm_unmap(&space, AT + (3 * BLOCK - 1) * P, P));
	write_range(2 * BLOCK, 2 * BLOCK + 200);
	assert_int_equal(0, reservation_count());
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_NOHUGEPAGE));
	write_range(0, 200);
	assert_int_equal(0, reservation_count());
	end_collapse();
}

/* They are free for all who need them: nothing fails because of them. */
TEST(collapse_gives_up_its_frames)
{
	struct page *all[10000];
	size_t n = 0, free, blocks = 0;
	struct page *page;

	begin_collapse();
	map(AT, 2 * BLOCK, RW);
	write_range(0, 2 * ROW);
	assert_true(reservation_count() > 0);
	free = page_alloc_free_count();
	while (n < ARRAY_SIZE(all) && (page = page_alloc(0, PAGE_KERNEL, PAGE_RESERVE)))
		all[n++] = page;
	assert_int_equal(free, n);
	assert_int_equal(0, reservation_count());
	while (n > 0)
		page_free(all[--n], 0);
	write_range(2 * ROW, BLOCK + 10);
	assert_false(is_large(&space, AT));
	check_range(0, BLOCK + 10);
	assert_int_equal(0, vm_unmap(&space, AT, 2 * BLOCK * P));
	/* A block needs frames that follow one another: those that are reserved, too. */
	map(AT, 2 * BLOCK, RW);
	write_range(0, ROW + 1);
	assert_true(reservation_count() > 0);
	while (blocks < 20 && (all[blocks] = page_alloc(9, PAGE_KERNEL, PAGE_OPTIONAL)))
		blocks++;
	assert_int_equal(0, reservation_count());
	while (blocks > 0)
		page_free(all[--blocks], 9);
	end_collapse();
}

TEST(collapse_gives_up_when_memory_is_low)
{
	begin_collapse();
	map(AT, 2 * BLOCK, RW);
	write_range(0, ROW + 1);
	assert_true(reservation_count() > 0);
	page_alloc_set_reserve(page_alloc_free_count() / 2);
	(void)page_alloc_missing();
	assert_int_equal(0, reservation_count());
	assert_int_equal(0, vm_unmap(&space, AT, 2 * BLOCK * P));
	page_alloc_set_reserve((page_alloc_free_count() - BLOCK) / 2);
	map(AT, 2 * BLOCK, RW);
	write_range(0, 2 * ROW); /* there is not room for two blocks */
	assert_int_equal(0, reservation_count());
	page_alloc_set_reserve(0);
	end_collapse();
}

/* There are few: the ninth ends the first, whose sweep goes on by single pages. */
TEST(collapse_keeps_few)
{
	begin_collapse();
	map(AT, 10 * BLOCK, RW);
	for (size_t k = 0; k < 9; k++)
		write_range(k * BLOCK, k * BLOCK + ROW + 1);
	assert_int_equal(8 * (BLOCK - (ROW - 1)), reservation_count());
	write_range(8 * BLOCK + ROW + 1, 9 * BLOCK + 1);
	assert_true(is_large(&space, AT + 8 * BLOCK * P));
	write_range(ROW + 1, BLOCK);
	assert_false(is_in_place(BLOCK - 1) && is_in_place(BLOCK - 2) && is_in_place(100));
	check_range(0, BLOCK);
	end_collapse();
}

TEST(collapse_ends_with_the_space)
{
	size_t free = 0;

	begin_collapse();
	for (size_t turn = 0; turn < 2; turn++) {
		map(AT, 2 * BLOCK, RW);
		write_range(0, ROW + 1);
		assert_true(reservation_count() > 0);
		rig_destroy(&space);
		assert_int_equal(0, reservation_count());
		start_space();
		if (turn)
			assert_int_equal(free, page_alloc_free_count());
		free = page_alloc_free_count();
	}
	end_collapse();
}

/* ---- what keeps pages from it ---- */

/* The next page that is written would have the block become large. */
static void sweep_to_the_end(void)
{
	map(AT, 2 * BLOCK, RW);
	write_range(0, BLOCK);
	assert_int_equal(0, space.large);
}

TEST(collapse_not_of_a_pinned_page)
{
	struct page *page;

	for (size_t at = 3; at < BLOCK; at += 200) { /* to be moved, and in its place */
		begin_collapse();
		sweep_to_the_end();
		assert_int_equal(0, get_user_page(&space, AT + at * P, VM_PROT_WRITE, &page));
		write_page(BLOCK);
		assert_false(is_large(&space, AT));
		assert_ptr_equal(page, page_of(&space, at));
		((unsigned char *)page_address(page))[P - 1] = 77;
		put_user_page(&space, page, VM_PROT_WRITE);
		assert_int_equal(77, fake_load(AT + at * P + P - 1));
		assert_int_equal(0, fake_store(AT + at * P + P - 1, 0));
		check_range(0, BLOCK + 1);
		end_collapse();
	}
}

TEST(collapse_not_of_a_shared_page)
{
	struct space child;

	begin_collapse();
	sweep_to_the_end();
	begin_child(&child);
	rig_run(&space);
	for (size_t i = 0; i < BLOCK; i++)
		if (i != 300)
			write_page(i);
	write_page(BLOCK);
	assert_false(is_large(&space, AT)); /* it was not written in full since it could be */
	rig_run(&child);
	check_range(0, BLOCK);
	rig_destroy(&child);
	rig_run(&space);
	check_range(0, BLOCK + 1);
	end_collapse();
}

/* A page that was dropped and written again has another frame, and that of its place was free for others. */
TEST(collapse_not_without_the_frame)
{
	struct page *page;

	begin_collapse();
	sweep_to_the_end();
	assert_int_equal(0, vm_madvise(&space, AT + 100 * P, P, MADV_DONTNEED));
	page = page_alloc(0, PAGE_KERNEL, PAGE_OPTIONAL);
	write_page(100);
	write_page(BLOCK);
	page_free(page, 0);
	assert_int_equal(is_in_place(100), is_large(&space, AT));
	check_range(0, BLOCK + 1);
	assert_int_equal(0, reservation_count());
	end_collapse();
}

/* What becomes of the VMA before the sweep ends. */
TEST(collapse_not_of_another_vma)
{
	begin_collapse();
	sweep_to_the_end();
	assert_int_equal(0, vm_protect(&space, AT + 50 * P, P, PROT_READ));
	write_page(BLOCK);
	assert_int_equal(0, vm_protect(&space, AT + 50 * P, P, RW));
	assert_false(is_large(&space, AT));
	assert_int_equal(0, vm_unmap(&space, AT, 2 * BLOCK * P));
	sweep_to_the_end();
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_NOHUGEPAGE));
	write_page(BLOCK);
	assert_false(is_large(&space, AT));
	assert_int_equal(0, vm_unmap(&space, AT, 2 * BLOCK * P));
	sweep_to_the_end();
	vma_find(&space, AT)->flags |= VMA_MOVING; /* as between two pieces of mremap */
	assert_int_equal(-EINVAL, collapse_block(&space, AT));
	vma_find(&space, AT)->flags &= ~VMA_MOVING;
	assert_false(is_large(&space, AT));
	assert_int_equal(0, vm_unmap(&space, AT, 2 * BLOCK * P));
	sweep_to_the_end();
	thp_mode = THP_NEVER;
	write_page(BLOCK);
	assert_false(is_large(&space, AT));
	check_range(0, BLOCK + 1);
	end_collapse();
}

/* ---- memory that was read before ---- */

/* Of the next blocks nothing but zeros is to be copied: they become large at once. */
TEST(collapse_of_zeros)
{
	begin_collapse();
	map(AT, 4 * BLOCK, RW);
	check_zeros(0, 4 * BLOCK);
	assert_int_equal(0, space.resident);
	write_range(0, BLOCK + 1);
	assert_int_equal(2, space.large);
	assert_int_equal(2 * BLOCK, space.resident);
	check_range(0, BLOCK + 1);
	check_zeros(BLOCK + 1, 4 * BLOCK);
	write_range(BLOCK + 1, 4 * BLOCK);
	assert_int_equal(4, space.large);
	assert_int_equal(4 * BLOCK, space.resident);
	check_range(0, 4 * BLOCK);
	end_collapse();
}

/* But not where a page has been written already, or where the sweep is none. */
TEST(collapse_not_of_zeros_alone)
{
	begin_collapse();
	map(AT, 4 * BLOCK, RW);
	check_zeros(0, 4 * BLOCK);
	write_page(BLOCK + 200);
	write_range(0, BLOCK + 1);
	assert_int_equal(1, space.large);
	write_page(2 * BLOCK);
	write_page(3 * BLOCK);
	assert_int_equal(1, space.large);
	assert_int_equal(BLOCK + 200 + 1 + 2, space.resident); /* a run has ended at the page */
	check_range(0, BLOCK + 1);
	end_collapse();
}

/* ---- on advice ---- */

static int collapse(size_t page, size_t npages)
{
	return vm_madvise(&space, AT + page * P, npages * P, MADV_COLLAPSE);
}

/* Holes and zeros get frames, the bytes stay; what is large already stays so. */
TEST(collapse_on_advice)
{
	begin_collapse();
	thp_mode = THP_NEVER;
	map(AT, 4 * BLOCK, RW);
	write_range(10, 90);
	assert_int_equal(0, fake_load(AT + 200 * P));
	write_range(BLOCK, 2 * BLOCK);
	assert_int_equal(0, collapse(0, 2 * BLOCK));
	assert_int_equal(2, space.large);
	assert_int_equal(2 * BLOCK, space.resident);
	assert_int_equal(0, fake_tlb_debts());
	check_range(10, 90);
	check_zeros(90, BLOCK);
	check_range(BLOCK, 2 * BLOCK);
	assert_int_equal(0, collapse(0, 2 * BLOCK));
	assert_int_equal(2, large_counts.collapsed);
	write_page(2 * BLOCK + 5);
	assert_int_equal(0, collapse(BLOCK + 1, 2 * BLOCK - 2)); /* no whole block */
	assert_int_equal(2, space.large);
	assert_int_equal(-EINVAL,
			 collapse(2 * BLOCK, 2 * BLOCK)); /* the last is empty; the other is done */
	assert_int_equal(3, space.large);
	check_range(2 * BLOCK + 5, 2 * BLOCK + 6);
	assert_int_equal(0, vm_unmap(&space, AT + 7 * P, 4 * BLOCK * P));
	assert_int_equal(7, space.resident);
	end_collapse();
}

TEST(collapse_is_refused)
{
	struct page *page;

	begin_collapse();
	thp_mode = THP_NEVER;
	map(AT, BLOCK, RW);
	assert_int_equal(-EINVAL, collapse(0, BLOCK)); /* never touched */
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(-EINVAL, collapse(0, BLOCK)); /* nothing can be written */
	write_range(0, BLOCK);
	assert_int_equal(0, get_user_page(&space, AT + 400 * P, VM_PROT_WRITE, &page));
	assert_int_equal(-EAGAIN, collapse(0, BLOCK));
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_NOHUGEPAGE));
	assert_int_equal(-EINVAL, collapse(0, BLOCK));
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_HUGEPAGE));
	assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, PROT_READ));
	assert_int_equal(-EINVAL, collapse(0, BLOCK));
	assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, RW | PROT_EXEC));
	assert_int_equal(-EINVAL, collapse(0, BLOCK));
	assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, RW));
	map(AT + 2 * BLOCK * P + P, BLOCK, RW);
	write_range(2 * BLOCK + 1, 3 * BLOCK);
	assert_int_equal(-EINVAL, collapse(2 * BLOCK + 1, BLOCK));
	assert_int_equal(0, space.large);
	check_range(0, BLOCK);
	end_collapse();
}

/* Both have their own bytes after it. */
TEST(collapse_of_shared_pages)
{
	struct space child;

	begin_collapse();
	thp_mode = THP_NEVER;
	map(AT, BLOCK, RW);
	write_range(0, BLOCK);
	begin_child(&child);
	rig_run(&space);
	write_page(3); /* so that one can be written */
	assert_int_equal(0, collapse(0, BLOCK));
	assert_int_equal(1, space.large);
	assert_int_equal(0, fake_store(AT + 9 * P, 99));
	rig_run(&child);
	assert_int_equal(0, fake_load(AT + 9 * P));
	check_range(0, BLOCK);
	write_range(0, BLOCK);
	rig_destroy(&child);
	rig_run(&space);
	assert_int_equal(99, fake_load(AT + 9 * P));
	end_collapse();
}

/* Without a block of frames nothing changes. */
TEST(collapse_without_a_block)
{
	struct page *all[64];
	size_t n = 0;

	begin_collapse();
	map(AT, BLOCK, RW);
	write_range(0, 300);
	while (n < ARRAY_SIZE(all) && (all[n] = page_alloc(9, PAGE_KERNEL, PAGE_OPTIONAL)))
		n++;
	assert_int_equal(-ENOMEM, collapse(0, BLOCK));
	check_range(0, 300);
	assert_int_equal(0, space.large);
	while (n > 0)
		page_free(all[--n], 9);
	assert_int_equal(0, collapse(0, BLOCK));
	check_range(0, 300);
	end_collapse();
}
