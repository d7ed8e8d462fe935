/* SPDX-License-Identifier: MIT */
/* The page ledger itself (R111): it agrees with what is right, and finds what is wrong. */
#include "mm/check/ledger.h"
#include "mm/page_cache.h"

#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

static struct uspace *two_pages(void)
{
	struct uspace *us = space_new();

	if (!us || space_map(us, AREA, 4 * PAGE_SIZE, READ_WRITE, 0) != AREA)
		return NULL;
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA + PAGE_SIZE, READ));
	return us;
}

/* R111: the frames by kind, and what a touch moves from one to another */
KTEST(ledger_counts_each_frame_by_its_kind)
{
	struct uspace *us = two_pages();
	struct ledger before, after;
	size_t sum = 0;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, ledger_check(&before));
	EXPECT_EQ(0, space_touch(us, AREA + 2 * PAGE_SIZE, WRITE));
	EXPECT_EQ(0, ledger_check(&after));
	EXPECT_EQ(before.kind[PAGE_ANON] + 1, after.kind[PAGE_ANON]);
	EXPECT_EQ(before.kind[PAGE_FREE] - 1, after.kind[PAGE_FREE]);
	EXPECT_EQ(before.kind[PAGE_TABLE], after.kind[PAGE_TABLE]);
	EXPECT_EQ(1, after.kind[PAGE_ZERO]);
	for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
		sum += after.kind[kind];
	EXPECT_EQ(after.total, sum);
	EXPECT_EQ(page_alloc_free_count(), after.kind[PAGE_FREE]);
	space_end(us);
}

/* R111, R44: seeded wrongs, each found, each mended again */
KTEST(ledger_finds_a_count_too_many)
{
	struct uspace *us = two_pages();
	struct page *page;

	ASSERT_TRUE(us);
	page = space_page(us, AREA);
	page_map_get(page);
	EXPECT_TRUE(ledger_check(NULL) > 0);
	page_map_put(page);
	page_get(page);
	EXPECT_TRUE(ledger_check(NULL) > 0);
	page_put(page);
	page_map_get(zero_page);
	EXPECT_TRUE(ledger_check(NULL) > 0);
	page_map_put(zero_page);
	EXPECT_EQ(0, ledger_check(NULL));
	space_end(us);
}
