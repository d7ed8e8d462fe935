/* SPDX-License-Identifier: MIT */
/* The rounds of a fault on real tables: what is missing is had before, and what is there costs a fence. */
#include "abi/mman.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

/* R17: all the tables that are missing are had before, one or two: the fault starts over for none */
KTEST(fault_has_all_tables_that_are_missing)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) == AREA);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(3, us->space.tables);
	ASSERT_TRUE(space_map(us, AREA + (4ul << 20), PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_touch(us, AREA + (4ul << 20), WRITE));
	EXPECT_EQ(4, us->space.tables);
	EXPECT_EQ(0, retry_count(us, RETRY_TABLES));
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
