/* SPDX-License-Identifier: MIT */
/* Faults on real page tables: how many tables they allocate, and that a spurious one costs no fence. */
#include "abi/mman.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul
#define MIB  (1ul << 20)

/* R17: all the tables that are missing are had before, one or two: the fault starts over for none */
KTEST(fault_has_all_tables_that_are_missing)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) == AREA);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(3, us->space.tables);
	ASSERT_TRUE(space_map(us, AREA + 4 * MIB, PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_touch(us, AREA + 4 * MIB, WRITE));
	EXPECT_EQ(4, us->space.tables);
	EXPECT_EQ(0, retry_count(us, RETRY_TABLES));
	space_end(us);
}

/*
 * R17 where threads share the space: a table is linked while it stays open, so that faults of other harts need not wait.
 * What a fault without the lock counts is not among the space's counts until that is closed.
 */
KTEST(fault_links_tables_while_the_space_is_open)
{
	const vaddr_t at[] = { AREA, AREA + 4 * MIB, AREA + 8 * MIB, AREA + 1024 * MIB };
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	space_share(&us->space);
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
		ASSERT_TRUE(space_map(us, at[i], PAGE_SIZE, i == 2 ? READ : READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_touch(us, at[0], WRITE));
	EXPECT_EQ(3, us->space.tables);
	EXPECT_EQ(0, space_touch(us, at[0], WRITE)); /* opens it, as it needs only a round */
	EXPECT_EQ(SPACE_OPEN, us->space.at_lock);
	EXPECT_EQ(0, space_touch(us, at[1], WRITE));
	EXPECT_EQ(4, us->space.tables);
	EXPECT_EQ(VM_SEGV_ACCERR,
		  space_touch(us, at[2], WRITE)); /* leaves no table, and closes it */
	EXPECT_EQ(4, us->space.tables);
	EXPECT_EQ(2, kind_count(us, FAULT_FILL));
	EXPECT_EQ(0, space_touch(us, at[0], WRITE));
	EXPECT_EQ(SPACE_OPEN, us->space.at_lock);
	EXPECT_EQ(0, space_touch(us, at[3], WRITE));
	EXPECT_EQ(6, us->space.tables);
	EXPECT_EQ(2, kind_count(us, FAULT_FILL));
	space_count(&us->space);
	EXPECT_EQ(3, kind_count(us, FAULT_FILL));
	EXPECT_EQ(3, us->space.resident);
	space_end(us);
}

/* SPURIOUS, R8: what the entry allows already costs a local fence and nothing else */
KTEST(retry_of_an_access_that_is_allowed_is_spurious)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) == AREA);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA, READ));
	EXPECT_EQ(2, kind_count(us, FAULT_SPURIOUS));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_EQ(0, us->space.stats.fences);
	space_end(us);
}

/* R50: reading 96 MiB of untouched memory costs page tables only: the root, a middle table and 48 leaf tables */
KTEST(fault_reads_of_a_huge_area_cost_tables_only)
{
	struct uspace *us = space_new();
	size_t before;

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, 1024 * MIB, 96 * MIB, READ_WRITE, 0) > 0);
	before = page_alloc_free_count();
	for (vaddr_t at = 0; at < 96 * MIB; at += 8 * PAGE_SIZE)
		ASSERT_TRUE(space_touch(us, 1024 * MIB + at, READ) == 0);
	EXPECT_EQ(1 + 1 + 48, us->space.tables);
	EXPECT_EQ(before - 49, page_alloc_free_count());
	EXPECT_EQ(0, us->space.resident);
	EXPECT_EQ(PAGE_ONE_REF, zero_page->counts); /* entries are not counted */
	space_end(us);
}
