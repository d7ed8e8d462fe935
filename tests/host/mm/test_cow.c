/* SPDX-License-Identifier: MIT */
/* Copies on write that others get in the way of, and pages with very many holders. */
#include "rig.h"

#define AT 0x40000000ul

static struct space parent, child;

/* One page, which both have. */
static void start_with_both(void)
{
	rig_start(4096);
	rig_create(&parent);
	rig_run(&parent);
	assert_int_equal(AT, rig_map(&parent, AT, PAGE_SIZE, RW, ANON | MAP_FIXED));
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, space_create(&child));
	assert_int_equal(0, vm_fork(&parent, &child));
	rig_run(&child);
}

static void end_both(void)
{
	rig_check();
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

static void drop_and_read(void)
{
	assert_int_equal(0, vm_madvise(&child, AT, PAGE_SIZE, MADV_DONTNEED));
	assert_int_equal(0, fake_load(AT));
}

/* The entry wants a copy as before, but of another page: what was copied must not come back. */
TEST(dropped_while_copied) /* R16 R62 */
{
	start_with_both();
	fake_page_copied = drop_and_read;
	assert_int_equal(0, fake_store(AT + 1, 2));
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(2, fake_load(AT + 1));
	end_both();
}

/* A count of maps that is cut to 8 or 16 bits says "one" here. */
TEST(many_holders) /* R62 */
{
	struct page *page;

	start_with_both();
	page = pfn_to_page(entry_pfn(entry_load(arch_mmu_lookup(&parent.mmu, AT))));
	page_counts_add(page, (0x101 - 2) * PAGE_ONE_MAP);
	assert_int_equal(0, fake_store(AT, 2));
	assert_kind(1, &child, COW);
	page_counts_add(page, (0x10001 - 0x100) * PAGE_ONE_MAP);
	rig_run(&parent);
	assert_int_equal(0, fake_store(AT, 3));
	assert_kind(1, &parent, COW);
	assert_int_equal(0x10000, page->maps);
	while (page->maps > 1)
		page_map_put(page);
	page_map_put(page);
	end_both();
}
