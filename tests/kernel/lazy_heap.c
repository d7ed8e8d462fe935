/* SPDX-License-Identifier: MIT */
/* The heap: promised by brk, delivered by faults, one page at a time. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define GIB (1ul << 30)

static vaddr_t set_brk(struct uspace *us, vaddr_t brk)
{
	return vm_brk(&us->space, brk);
}

/* R10: growing takes no frame, whatever the size; 0 asks */
KTEST(heap_growth_takes_no_frame)
{
	struct uspace *us = space_new();
	size_t before;

	ASSERT_TRUE(us);
	EXPECT_EQ(HEAP_AT, set_brk(us, 0));
	EXPECT_EQ(HEAP_AT + PAGE_SIZE, set_brk(us, HEAP_AT + PAGE_SIZE));
	before = page_alloc_free_count();
	EXPECT_EQ(HEAP_AT + 8 * GIB, set_brk(us, HEAP_AT + 8 * GIB));
	EXPECT_EQ(before, page_alloc_free_count());
	EXPECT_EQ(HEAP_AT + 8 * GIB, set_brk(us, 0));
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(0, us->space.resident);
	EXPECT_EQ(1, us->space.tables);
	space_end(us);
}

/* R11: a zeroed page with the VMA's permissions and no more, never X */
KTEST(heap_first_store_brings_a_zeroed_page)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	set_brk(us, HEAP_AT + 4 * PAGE_SIZE);
	EXPECT_EQ(0, space_touch(us, HEAP_AT + PAGE_SIZE + 8, WRITE));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_EQ(READ_WRITE, entry_prot(space_entry(us, HEAP_AT + PAGE_SIZE)));
	EXPECT_EQ(PAGE_ANON, space_page(us, HEAP_AT + PAGE_SIZE)->kind);
	for (vaddr_t at = 0; at < PAGE_SIZE; at += 512)
		EXPECT_EQ(0, space_load(us, HEAP_AT + PAGE_SIZE + at));
	EXPECT_EQ(1, us->space.resident);
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, HEAP_AT + PAGE_SIZE, EXEC));
	space_end(us);
}

/* R12: at the break, and below the heap, nothing is there */
KTEST(heap_ends_at_the_break)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	set_brk(us, HEAP_AT + PAGE_SIZE);
	EXPECT_EQ(0, space_touch(us, HEAP_AT + PAGE_SIZE - 1, READ));
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, HEAP_AT + PAGE_SIZE, READ));
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, HEAP_AT - 1, WRITE));
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, 0, READ));
	EXPECT_EQ(3, kind_count(us, FAULT_DENY_MAPERR));
	space_end(us);
}

/* R13: bytes, not pages; the next growth shares the page */
KTEST(heap_break_in_the_middle_of_a_page)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	EXPECT_EQ(HEAP_AT + 100, set_brk(us, HEAP_AT + 100));
	EXPECT_EQ(0, space_store(us, HEAP_AT + 64, 0x1234));
	EXPECT_EQ(HEAP_AT + 3000, set_brk(us, HEAP_AT + 3000));
	EXPECT_EQ(0x1234, space_load(us, HEAP_AT + 64));
	EXPECT_EQ(0, space_load(us, HEAP_AT + 2048));
	EXPECT_EQ(1, us->space.resident);
	EXPECT_EQ(HEAP_AT + PAGE_SIZE + 1, set_brk(us, HEAP_AT + PAGE_SIZE + 1));
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(0, space_touch(us, HEAP_AT + PAGE_SIZE, WRITE));
	EXPECT_EQ(2, us->space.resident);
	space_end(us);
}

/*
 * R14: 200 GiB cost what is touched: three pages, each with a leaf table and (two of them) a
 * middle one of its own
 */
KTEST(heap_sparse_reservation_costs_what_is_touched)
{
	struct uspace *us = space_new();
	size_t before;

	ASSERT_TRUE(us);
	before = page_alloc_free_count();
	ASSERT_TRUE(set_brk(us, HEAP_AT + 200 * GIB) == HEAP_AT + 200 * GIB);
	EXPECT_EQ(0, space_touch(us, HEAP_AT, WRITE));
	EXPECT_EQ(0, space_touch(us, HEAP_AT + 3 * PAGE_SIZE, WRITE));
	EXPECT_EQ(0, space_touch(us, HEAP_AT + 199 * GIB, WRITE));
	EXPECT_EQ(3, us->space.resident);
	EXPECT_EQ(1 + 2 * 2, us->space.tables);
	EXPECT_TRUE(before - page_alloc_free_count() <= 3 + 2 * 2 + 1);
	EXPECT_EQ(0, retry_count(us, RETRY_TABLES));
	space_end(us);
}

/* R15: 64 bits all the way: the pages around 2, 4 and 8 GiB */
KTEST(heap_above_four_gib)
{
	static const vaddr_t edges[] = { 2 * GIB, 4 * GIB, 8 * GIB };
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(set_brk(us, 9 * GIB) == 9 * GIB);
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		EXPECT_EQ(0, space_store(us, edges[i] - 8, i + 1));
		EXPECT_EQ(0, space_store(us, edges[i], i + 100));
	}
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		EXPECT_EQ(i + 1, space_load(us, edges[i] - 8));
		EXPECT_EQ(i + 100, space_load(us, edges[i]));
	}
	EXPECT_EQ(6, us->space.resident);
	space_end(us);
}

/* R15: out of range is refused, and nothing has changed */
KTEST(heap_growth_out_of_range_is_refused)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	set_brk(us, HEAP_AT + 5000);
	EXPECT_EQ(HEAP_AT + 5000, set_brk(us, USER_TOP + 1));
	EXPECT_EQ(HEAP_AT + 5000, set_brk(us, UINT64_MAX));
	EXPECT_EQ(HEAP_AT + 5000, set_brk(us, UINT64_MAX - PAGE_SIZE + 1));
	EXPECT_EQ(HEAP_AT + 5000, set_brk(us, 1ul << 63));
	EXPECT_EQ(HEAP_AT + 5000, us->space.brk);
	EXPECT_EQ(2 * PAGE_SIZE, us->space.mapped_bytes);
	space_end(us);
}

/* R15: as on Linux a page stays free before the next mapping */
KTEST(heap_growth_into_a_mapping_is_refused)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, HEAP_AT + 8 * PAGE_SIZE, PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(HEAP_AT + 7 * PAGE_SIZE, set_brk(us, HEAP_AT + 7 * PAGE_SIZE));
	EXPECT_EQ(HEAP_AT + 7 * PAGE_SIZE, set_brk(us, HEAP_AT + 7 * PAGE_SIZE + 1));
	EXPECT_EQ(HEAP_AT + 7 * PAGE_SIZE, set_brk(us, HEAP_AT + 20 * PAGE_SIZE));
	EXPECT_EQ(2, us->space.nvmas);
	space_end(us);
}

/*
 * R18: freeing 200 GiB of which one page is there: no more pieces than for that page alone, and
 * one fence
 */
KTEST(heap_untouched_memory_is_freed_in_bulk)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	set_brk(us, HEAP_AT + 200 * GIB);
	EXPECT_EQ(0, space_touch(us, HEAP_AT + 100 * GIB, WRITE));
	pauses_watch(NULL);
	EXPECT_EQ(HEAP_AT, set_brk(us, HEAP_AT));
	EXPECT_EQ(0, pauses_end());
	EXPECT_EQ(1, us->space.stats.fences);
	EXPECT_EQ(1, us->space.tables);
	EXPECT_EQ(0, us->space.nvmas);
	space_end(us);
}

/* R18: what was never touched at all owes no fence either */
KTEST(heap_freeing_nothing_fences_nothing)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	set_brk(us, HEAP_AT + 200 * GIB);
	EXPECT_EQ(HEAP_AT, set_brk(us, HEAP_AT));
	EXPECT_EQ(0, us->space.stats.fences);
	space_end(us);
}

#ifdef FAULTLINE_HARDENED

/*
 * R17, R45: of the three frames of a first touch each one may be missing; then nothing stays
 * behind
 */
KTEST(heap_fault_without_memory_changes_nothing)
{
	struct uspace *us = space_new();
	size_t before;

	ASSERT_TRUE(us);
	set_brk(us, HEAP_AT + PAGE_SIZE);
	before = page_alloc_free_count();
	for (unsigned at = 1; at <= 2; at++) {
		alloc_fail_at = at;
		EXPECT_EQ(VM_OOM, space_touch(us, HEAP_AT, WRITE));
		EXPECT_EQ(0, alloc_fail_at);
		EXPECT_EQ(0, us->space.resident);
		EXPECT_EQ(before, page_alloc_free_count());
	}
	/* The second table is found to be missing in a second round; the first one stays linked. */
	alloc_fail_at = 3;
	EXPECT_EQ(VM_OOM, space_touch(us, HEAP_AT, WRITE));
	EXPECT_EQ(0, us->space.resident);
	EXPECT_EQ(before - (us->space.tables - 1), page_alloc_free_count());
	EXPECT_EQ(0, space_touch(us, HEAP_AT, WRITE));
	EXPECT_EQ(1, us->space.resident);
	space_end(us);
}

#endif
