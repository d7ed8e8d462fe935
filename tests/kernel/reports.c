/* What reports stand on: what was unmapped last, and what frames are used for. */
#include "mm/ledger.h"
#include "mm/page_census.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000000ul

/* R121: the last few ranges that a program gave back are remembered, with how */
KTEST(reports_remember_what_was_unmapped)
{
	struct uspace *us = space_new();
	struct space *space;

	ASSERT_TRUE(us);
	space = &us->space;
	EXPECT_EQ(0, space->nunmaps);
	for (unsigned i = 0; i <= SPACE_UNMAPS; i++) {
		ASSERT_TRUE(space_map(us, AREA, PAGE_SIZE, READ_WRITE, 0) > 0);
		EXPECT_EQ(0, vm_unmap(space, AREA, PAGE_SIZE));
	}
	EXPECT_EQ(SPACE_UNMAPS + 1, space->nunmaps);
	EXPECT_EQ(AREA, space->unmaps[0].start);
	EXPECT_EQ(AREA + PAGE_SIZE, space->unmaps[0].end);
	vm_brk(space, HEAP_AT + 3 * PAGE_SIZE);
	vm_brk(space, HEAP_AT + PAGE_SIZE);
	EXPECT_EQ(SPACE_UNMAPS + 2, space->nunmaps);
	EXPECT_EQ(HEAP_AT + PAGE_SIZE, space->unmaps[1].start);
	EXPECT_TRUE(space->unmaps[1].heap && !space->unmaps[0].heap);
	space_end(us);
}

/* R121: the totals by kind are those of the ledger */
KTEST(reports_census_agrees_with_the_ledger)
{
	struct page_census census;
	struct ledger ledger;

	page_census(&census);
	EXPECT_EQ(0, ledger_check(&ledger));
	for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
		EXPECT_EQ(ledger.kind[kind], census.kind[kind]);
	EXPECT_TRUE(census.slabs > 0 && census.slabs <= census.kind[PAGE_KERNEL]);
}
