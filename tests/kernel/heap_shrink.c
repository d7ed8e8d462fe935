/* SPDX-License-Identifier: MIT */
/* Shrinking the heap: whole pages go at once, the rest of a page is zero when it comes again. */
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define PAGES 8

/* A heap of PAGES pages, each written to its first word. */
static struct uspace *full_heap(void)
{
	struct uspace *us = space_new();

	if (!us)
		return NULL;
	vm_brk(&us->space, HEAP_AT + PAGES * PAGE_SIZE);
	for (vaddr_t i = 0; i < PAGES; i++)
		EXPECT_EQ(0, space_store(us, HEAP_AT + i * PAGE_SIZE, i + 1));
	return us;
}

/* R22 */
KTEST(shrink_frees_whole_pages_at_once)
{
	struct uspace *us = full_heap();
	size_t before;

	ASSERT_TRUE(us);
	before = page_alloc_free_count();
	EXPECT_EQ(HEAP_AT + 3 * PAGE_SIZE, vm_brk(&us->space, HEAP_AT + 3 * PAGE_SIZE));
	EXPECT_EQ(before + PAGES - 3, page_alloc_free_count());
	EXPECT_EQ(3, us->space.resident);
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, HEAP_AT + 3 * PAGE_SIZE, READ));
	EXPECT_EQ(3, space_load(us, HEAP_AT + 2 * PAGE_SIZE));
	space_end(us);
}

/* R23: by signed and by unsigned reckoning */
KTEST(shrink_below_the_start_is_refused)
{
	static const vaddr_t breaks[] = { HEAP_AT - 1, HEAP_AT - PAGE_SIZE, 1,
					  HEAP_AT - (1ul << 40) };
	struct uspace *us = full_heap();

	ASSERT_TRUE(us);
	for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
		EXPECT_EQ(HEAP_AT + PAGES * PAGE_SIZE, vm_brk(&us->space, breaks[i]));
	EXPECT_EQ(PAGES, us->space.resident);
	EXPECT_EQ(HEAP_AT, vm_brk(&us->space, HEAP_AT));
	EXPECT_EQ(0, us->space.nvmas);
	space_end(us);
}

/* R24: the page stays; grown again, all above the low break reads as zero, what was below stays */
KTEST(shrink_to_mid_page_then_grow_reads_zero)
{
	struct uspace *us = full_heap();
	vaddr_t middle = HEAP_AT + 2 * PAGE_SIZE + 1024;

	ASSERT_TRUE(us);
	for (vaddr_t at = 0; at < PAGE_SIZE; at += 8)
		EXPECT_EQ(0, space_store(us, HEAP_AT + 2 * PAGE_SIZE + at, ~at));
	EXPECT_EQ(middle, vm_brk(&us->space, middle));
	EXPECT_EQ(3, us->space.resident);
	EXPECT_EQ(HEAP_AT + PAGES * PAGE_SIZE, vm_brk(&us->space, HEAP_AT + PAGES * PAGE_SIZE));
	EXPECT_EQ(~1016ul, space_load(us, middle - 8));
	for (vaddr_t va = middle; va < HEAP_AT + PAGES * PAGE_SIZE; va += 8)
		ASSERT_TRUE(space_load(us, va) == 0);
	space_end(us);
}

/* R24: down, up a little, down again: the bytes that were heap at any time are clean at the end */
KTEST(shrink_in_steps_within_a_page)
{
	struct uspace *us = full_heap();

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, HEAP_AT + 2000, 7));
	vm_brk(&us->space, HEAP_AT + 1000);
	vm_brk(&us->space, HEAP_AT + 1500);
	vm_brk(&us->space, HEAP_AT + 500);
	vm_brk(&us->space, HEAP_AT + PAGE_SIZE);
	EXPECT_EQ(0, space_load(us, HEAP_AT + 2000));
	EXPECT_EQ(1, space_load(us, HEAP_AT));
	space_end(us);
}

/* R24, R60: clearing the tail of a page that a child shares leaves the child's copy alone */
KTEST(shrink_and_grow_after_fork_keeps_the_childs_bytes)
{
	struct uspace *us = full_heap(), *child;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, HEAP_AT + 2000, 7));
	child = space_fork(us);
	ASSERT_TRUE(child);
	vm_brk(&us->space, HEAP_AT + 1000);
	vm_brk(&us->space, HEAP_AT + PAGE_SIZE);
	EXPECT_EQ(0, space_load(us, HEAP_AT + 2000));
	EXPECT_EQ(7, space_load(child, HEAP_AT + 2000));
	space_end(child);
	space_end(us);
}
