/* SPDX-License-Identifier: MIT */
/* Stacks grow by faults, as far as their limit and their guard gap let them. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/bits.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define TOP 0x50000000ul
#define MIB (1ul << 20)

/* A stack of one page below TOP. */
static struct uspace *stack(uint64_t limit)
{
	struct uspace *us = space_new();

	if (!us)
		return NULL;
	us->space.limit_stack = limit;
	if (space_map(us, TOP - PAGE_SIZE, PAGE_SIZE, READ_WRITE, MAP_GROWSDOWN) < 0)
		return NULL;
	return us;
}

/* R30: far below in one step; only the page that was touched is there */
KTEST(stack_grows_to_where_it_is_touched)
{
	struct uspace *us = stack(8 * MIB);

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_touch(us, TOP - 8, WRITE));
	EXPECT_EQ(0, space_touch(us, TOP - 1 * MIB, WRITE));
	EXPECT_EQ(1, us->space.stats.grow);
	EXPECT_EQ(2, us->space.resident);
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(1 * MIB, us->space.mapped_bytes);
	EXPECT_EQ(0, space_touch(us, TOP - 5 * PAGE_SIZE, READ));
	EXPECT_EQ(1, us->space.stats.grow);
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, TOP - 2 * MIB, EXEC));
	space_end(us);
}

/* R30, R31: to the byte; what is just below is a stack overflow, what is far below is not */
KTEST(stack_ends_at_its_limit)
{
	struct uspace *us = stack(1 * MIB);

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_touch(us, TOP - 1 * MIB, WRITE));
	EXPECT_EQ(VM_SEGV_STACK, space_touch(us, TOP - 1 * MIB - 1, WRITE));
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, TOP - 64 * MIB, WRITE));
	EXPECT_EQ(1, us->space.stats.grow);
	EXPECT_EQ(2, kind_count(us, FAULT_DENY_MAPERR));
	space_end(us);
}

/* R30: a mapping in the way bounds the growth, a guard gap above it */
KTEST(stack_keeps_a_gap_to_what_is_below)
{
	vaddr_t floor = TOP - 4 * MIB;
	struct uspace *us = stack(16 * MIB);

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, floor - PAGE_SIZE, PAGE_SIZE, READ, 0) > 0);
	EXPECT_EQ(0, space_touch(us, floor + STACK_GUARD_GAP, WRITE));
	EXPECT_EQ(VM_SEGV_STACK, space_touch(us, floor + STACK_GUARD_GAP - 1, WRITE));
	EXPECT_EQ(VM_SEGV_STACK, space_touch(us, floor, WRITE));
	EXPECT_EQ(2, us->space.nvmas);
	space_end(us);
}

/* R30: what nobody can access needs no gap, as on Linux */
KTEST(stack_needs_no_gap_to_forbidden_memory)
{
	vaddr_t floor = TOP - 4 * MIB;
	struct uspace *us = stack(16 * MIB);

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, floor - PAGE_SIZE, PAGE_SIZE, 0, 0) > 0);
	EXPECT_EQ(0, space_touch(us, floor, WRITE));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, floor - 1, WRITE));
	space_end(us);
}

/* R30: the kernel's own choice never falls into the gap; a fixed one may */
KTEST(stack_gap_is_never_chosen)
{
	struct uspace *us = stack(16 * MIB);
	vaddr_t gap = TOP - PAGE_SIZE - STACK_GUARD_GAP;

	ASSERT_TRUE(us);
	us->space.mmap_top = TOP;
	EXPECT_EQ(gap - PAGE_SIZE, space_map(us, 0, PAGE_SIZE, READ, 0));
	EXPECT_EQ(gap + PAGE_SIZE, space_map(us, gap + PAGE_SIZE, PAGE_SIZE, READ_WRITE, 0));
	EXPECT_EQ(VM_SEGV_STACK, space_touch(us, TOP - 2 * PAGE_SIZE, WRITE));
	space_end(us);
}

/* R30: address space that growth takes is counted against RLIMIT_AS, but not as data */
KTEST(stack_growth_keeps_the_address_limit)
{
	struct uspace *us = stack(16 * MIB);

	ASSERT_TRUE(us);
	us->space.limit_data = 0;
	us->space.limit_as = 2 * MIB;
	EXPECT_EQ(0, space_touch(us, TOP - 2 * MIB, WRITE));
	EXPECT_EQ(VM_SEGV_STACK, space_touch(us, TOP - 2 * MIB - 1, WRITE));
	EXPECT_EQ(0, us->space.data_bytes);
	space_end(us);
}

/* A fault where a verb is at work waits for it, and says on which queue */
KTEST(stack_fault_waits_for_the_verb_that_has_the_room)
{
	struct uspace *us = stack(16 * MIB);
	struct vm_wait wait = { 0 };

	ASSERT_TRUE(us);
	space_busy(&us->space, TOP - 1 * MIB, TOP - PAGE_SIZE);
	EXPECT_EQ(VM_WAIT, vm_fault(&us->space, TOP - MIB / 2, WRITE, &wait));
	EXPECT_TRUE(wait.queue == &us->space.busy_done);
	EXPECT_EQ(waitq_sample(wait.queue), wait.seq);
	space_idle(&us->space);
	EXPECT_TRUE(waitq_sample(wait.queue) != wait.seq);
	EXPECT_EQ(0, space_touch(us, TOP - MIB / 2, WRITE));
	space_end(us);
}
