/* SPDX-License-Identifier: MIT */
/* Accessed and dirty kept by the kernel (boot option ad=soft), as machines without them want it. */
#include "arch/entry.h"
#include "arch/mmu.h"
#include "boot/options.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

/* Whatever the boot option says, this space's entries keep A and D in software. */
static struct uspace *begin(void)
{
	struct uspace *us;

	arch_ad_soft_set(true);
	us = space_new();
	if (!us || space_map(us, AREA, 4 * PAGE_SIZE, READ_WRITE, 0) != AREA)
		return NULL;
	return us;
}

static void end(struct uspace *us)
{
	space_end(us);
	arch_ad_soft_set(boot_options.soft_ad);
}

/* Takes A from the entry, as aging will: the hardware may not use it then. */
static void forget_accessed(struct uspace *us, vaddr_t va)
{
	struct mmu_entry *slot;

	space_lock(&us->space);
	slot = arch_mmu_lookup(&us->space.mmu, va);
	entry_swap(slot, entry_with(entry_load(slot), entry_prot(entry_load(slot)), 0));
	arch_mmu_fence_local(va);
	space_unlock(&us->space);
}

/* R85: ACCESSED brings A back, keeps frame and permissions, and costs no fence for others */
KTEST(soft_accessed_is_set_by_a_fault)
{
	struct uspace *us = begin();
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	page = space_page(us, AREA);
	forget_accessed(us, AREA);
	EXPECT_EQ(ENTRY_RESIDENT, entry_state(space_entry(us, AREA)));
	EXPECT_EQ(0, space_touch(us, AREA, READ));
	EXPECT_EQ(1, kind_count(us, FAULT_ACCESSED));
	EXPECT_EQ(ENTRY_PRESENT, entry_state(space_entry(us, AREA)));
	EXPECT_EQ(ENTRY_ACCESSED,
		  entry_flags(space_entry(us, AREA)) & (ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_COW));
	EXPECT_TRUE(space_page(us, AREA) == page);
	EXPECT_EQ(0, us->space.stats.fences);
	end(us);
}

/* R85: clean and writable: W is withheld until the first write sets D */
KTEST(soft_dirty_is_set_by_the_first_write)
{
	struct uspace *us = begin();

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	forget_accessed(us, AREA);
	EXPECT_EQ(0, space_touch(us, AREA, READ));
	EXPECT_TRUE(!(entry_flags(space_entry(us, AREA)) & ENTRY_DIRTY));
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(2, kind_count(us, FAULT_ACCESSED));
	EXPECT_EQ(0, kind_count(us, FAULT_REUSE));
	EXPECT_TRUE(entry_flags(space_entry(us, AREA)) & ENTRY_DIRTY);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(1, kind_count(us, FAULT_SPURIOUS));
	end(us);
}

/* R85, R60: sharing by fork works on entries whose A or D is not set */
KTEST(soft_accessed_entries_are_forked)
{
	struct uspace *us = begin(), *child;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 6));
	EXPECT_EQ(0, space_store(us, AREA + PAGE_SIZE, 7));
	forget_accessed(us, AREA);
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(6, space_load(child, AREA));
	EXPECT_EQ(0, space_store(child, AREA, 8));
	EXPECT_EQ(0, space_store(us, AREA + PAGE_SIZE, 9));
	EXPECT_EQ(6, space_load(us, AREA));
	EXPECT_EQ(7, space_load(child, AREA + PAGE_SIZE));
	space_end(child);
	EXPECT_EQ(0, space_store(us, AREA, 10));
	EXPECT_EQ(10, space_load(us, AREA));
	end(us);
}

/* R85: the boot option reaches the entries (this test means the most in the run with ad=soft) */
KTEST(soft_option_is_what_the_command_line_says)
{
	struct mmu_entry entry = entry_make(1, READ_WRITE, 0);

	EXPECT_EQ(boot_options.soft_ad ? ENTRY_RESIDENT : ENTRY_PRESENT, entry_state(entry));
}
