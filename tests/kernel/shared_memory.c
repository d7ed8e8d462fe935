/* SPDX-License-Identifier: MIT */
/* Shared anonymous memory: one frame in several spaces. */
#include "abi/mman.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

static struct uspace *shared_area(void)
{
	struct uspace *us = space_new();

	if (!us || space_map(us, AREA, 4 * PAGE_SIZE, READ_WRITE, MAP_SHARED) != AREA)
		return NULL;
	return us;
}

/* R100: not copied by fork; writes of either are seen by both */
KTEST(shared_memory_is_not_copied_by_fork)
{
	struct uspace *us = shared_area(), *child;
	size_t before;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 1));
	child = space_fork(us);
	ASSERT_TRUE(child);
	before = page_alloc_free_count();
	EXPECT_TRUE(space_page(us, AREA) == space_page(child, AREA));
	EXPECT_EQ(READ_WRITE, entry_prot(space_entry(us, AREA)));
	EXPECT_EQ(0, us->space.stats.fences);
	EXPECT_EQ(0, space_store(child, AREA, 2));
	EXPECT_EQ(2, space_load(us, AREA));
	EXPECT_EQ(before, page_alloc_free_count());
	EXPECT_EQ(0, kind_count(child, FAULT_COW));
	space_end(child);
	EXPECT_EQ(2, space_load(us, AREA));
	space_end(us);
}

/* R100, R19: pages that come after the fork are one page for both, too, whoever comes first */
KTEST(shared_memory_filled_after_fork_is_one_page)
{
	struct uspace *us = shared_area(), *child;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(0, space_load(us, AREA + PAGE_SIZE));
	EXPECT_EQ(0, space_store(child, AREA + PAGE_SIZE, 5));
	EXPECT_EQ(5, space_load(us, AREA + PAGE_SIZE));
	EXPECT_TRUE(space_page(us, AREA + PAGE_SIZE) == space_page(child, AREA + PAGE_SIZE));
	EXPECT_TRUE(space_page(us, AREA + PAGE_SIZE) !=
		    zero_page); /* R50: never in shared mappings */
	space_end(us);
	EXPECT_EQ(5, space_load(child, AREA + PAGE_SIZE));
	space_end(child);
}

/*
 * R125: a read maps the page read-only; the first write after it is a REMAP that copies and fences
 * nothing
 */
KTEST(shared_memory_first_write_after_a_read_is_a_remap)
{
	struct uspace *us = shared_area();
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_touch(us, AREA, READ));
	page = space_page(us, AREA);
	EXPECT_EQ(VM_PROT_READ, entry_prot(space_entry(us, AREA)));
	EXPECT_TRUE(!(page->flags & PAGE_DIRTY));
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, kind_count(us, FAULT_REMAP));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_TRUE(space_page(us, AREA) == page && (page->flags & PAGE_DIRTY));
	EXPECT_EQ(0, us->space.stats.fences);
	EXPECT_EQ(0, space_touch(us, AREA + PAGE_SIZE, WRITE));
	EXPECT_EQ(2, kind_count(us, FAULT_REMAP));
	EXPECT_EQ(2, kind_count(us, FAULT_FILL));
	space_end(us);
}

/*
 * R100: dropped by one, the bytes are still there; unmapped by the last, the frames go (the
 * harness counts)
 */
KTEST(shared_memory_outlives_a_dontneed)
{
	struct uspace *us = shared_area();

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 8));
	EXPECT_EQ(0, vm_madvise(&us->space, AREA, PAGE_SIZE, MADV_DONTNEED));
	EXPECT_EQ(0, us->space.resident);
	EXPECT_EQ(8, space_load(us, AREA));
	EXPECT_EQ(0, vm_unmap(&us->space, AREA + PAGE_SIZE, 2 * PAGE_SIZE));
	EXPECT_EQ(2, us->space.nvmas);
	EXPECT_EQ(0, space_store(us, AREA + 3 * PAGE_SIZE, 9));
	EXPECT_EQ(9, space_load(us, AREA + 3 * PAGE_SIZE));
	space_end(us);
}
