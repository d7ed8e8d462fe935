/* SPDX-License-Identifier: MIT */
/* The door into an address space that is not the running one. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/get_user_page.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

static struct uspace *area(unsigned prot)
{
	struct uspace *us = space_new();

	if (!us || space_map(us, AREA, 4 * PAGE_SIZE, prot, 0) != AREA)
		return NULL;
	return us;
}

/* R29, R25: into another space's untouched memory, over three pages, and out again */
KTEST(pin_copies_into_another_spaces_lazy_memory)
{
	static uint8_t from[2 * PAGE_SIZE], to[2 * PAGE_SIZE];
	struct uspace *us = area(READ_WRITE);

	ASSERT_TRUE(us);
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)ktest_random();
	EXPECT_EQ(0, vm_copy_to(&us->space, AREA + 1000, from, sizeof(from)));
	EXPECT_EQ(3, us->space.resident);
	EXPECT_EQ(0, vm_copy_from(&us->space, to, AREA + 1000, sizeof(to)));
	EXPECT_EQ(0, memcmp(from, to, sizeof(to)));
	EXPECT_EQ(0, space_load(us, AREA + 992));
	space_end(us);
}

/* R29, R27: a store through the door breaks the sharing first */
KTEST(pin_for_writing_breaks_the_sharing)
{
	struct uspace *us = area(READ_WRITE), *child;
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 1));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(0, get_user_page(&child->space, AREA, VM_PROT_WRITE, &page));
	EXPECT_TRUE(page != space_page(us, AREA) && page == space_page(child, AREA));
	EXPECT_EQ(2, page->refs);
	EXPECT_EQ(1, page->pins);
	*(uint64_t *)page_address(page) = 2;
	put_user_page(&child->space, page, VM_PROT_WRITE);
	EXPECT_EQ(0, page->pins);
	EXPECT_EQ(1, space_load(us, AREA));
	EXPECT_EQ(2, space_load(child, AREA));
	space_end(child);
	space_end(us);
}

/* A held page outlives its mapping (R62) */
KTEST(pin_keeps_the_page)
{
	struct uspace *us = area(READ_WRITE);
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 7));
	EXPECT_EQ(0, get_user_page(&us->space, AREA, VM_PROT_READ, &page));
	EXPECT_EQ(0, vm_unmap(&us->space, AREA, PAGE_SIZE));
	EXPECT_EQ(7, *(uint64_t *)page_address(page));
	EXPECT_EQ(PAGE_ONE_REF, page->counts);
	put_user_page(&us->space, page, VM_PROT_READ);
	space_end(us);
}

/*
 * R62: who reads the parent's page by reference does not see what the child writes there once the
 * parent has lost it: the child's write copies
 */
KTEST(pin_for_reading_makes_a_write_copy)
{
	struct uspace *us = area(READ_WRITE), *child;
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 7));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(0, get_user_page(&us->space, AREA, VM_PROT_READ, &page));
	EXPECT_EQ(0, vm_unmap(&us->space, AREA, PAGE_SIZE));
	EXPECT_EQ(0, space_store(child, AREA, 8));
	EXPECT_EQ(1, kind_count(child, FAULT_COW));
	EXPECT_EQ(0, kind_count(child, FAULT_REUSE));
	EXPECT_EQ(7, *(uint64_t *)page_address(page));
	EXPECT_EQ(8, space_load(child, AREA));
	put_user_page(&us->space, page, VM_PROT_READ);
	space_end(child);
	space_end(us);
}

/* R62: what is written by reference is not lost: a fork copies the page for the child, a fault reuses it */
KTEST(pin_for_writing_keeps_the_page_through_fork)
{
	struct uspace *us = area(READ_WRITE), *child;
	struct page *page;

	ASSERT_TRUE(us);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(0, space_store(us, AREA + i * PAGE_SIZE, i));
	EXPECT_EQ(0, get_user_page(&us->space, AREA + PAGE_SIZE, VM_PROT_WRITE, &page));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_TRUE(space_page(us, AREA + PAGE_SIZE) == page);
	EXPECT_TRUE(space_page(child, AREA + PAGE_SIZE) != page);
	EXPECT_TRUE(space_page(child, AREA) == space_page(us, AREA));
	EXPECT_EQ(4, child->space.resident);
	EXPECT_EQ(0, vm_protect(&us->space, AREA, 4 * PAGE_SIZE, READ));
	EXPECT_EQ(0, vm_protect(&us->space, AREA, 4 * PAGE_SIZE, READ_WRITE));
	EXPECT_EQ(0, space_store(us, AREA + PAGE_SIZE, 5));
	EXPECT_TRUE(space_page(us, AREA + PAGE_SIZE) == page);
	*(uint64_t *)page_address(page) = 9;
	put_user_page(&us->space, page, VM_PROT_WRITE);
	EXPECT_EQ(9, space_load(us, AREA + PAGE_SIZE));
	EXPECT_EQ(1, space_load(child, AREA + PAGE_SIZE));
	EXPECT_EQ(0, space_load(child, AREA));
	EXPECT_EQ(3, space_load(child, AREA + 3 * PAGE_SIZE));
	EXPECT_EQ(0, us->space.pins);
	space_end(child);
	space_end(us);
}

/* R27: read-only memory and holes: EFAULT, a copy stops there */
KTEST(pin_refuses_what_the_program_may_not)
{
	struct uspace *us = area(READ);
	struct page *page;
	uint64_t words[2] = { 1, 2 };

	ASSERT_TRUE(us);
	EXPECT_EQ(-EFAULT, get_user_page(&us->space, AREA, VM_PROT_WRITE, &page));
	EXPECT_EQ(-EFAULT, get_user_page(&us->space, AREA + 4 * PAGE_SIZE, VM_PROT_READ, &page));
	EXPECT_EQ(-EFAULT, get_user_page(&us->space, 0, VM_PROT_READ, &page));
	EXPECT_EQ(-EFAULT, get_user_page(&us->space, USER_TOP, VM_PROT_READ, &page));
	EXPECT_EQ(-EFAULT,
		  get_user_page(&us->space, (vaddr_t)page_address(zero_page), VM_PROT_READ, &page));
	EXPECT_EQ(0, get_user_page(&us->space, AREA, VM_PROT_READ, &page));
	EXPECT_TRUE(page == zero_page);
	put_user_page(&us->space, page, VM_PROT_READ);
	EXPECT_EQ(-EFAULT, vm_copy_to(&us->space, AREA, words, sizeof(words)));
	EXPECT_EQ(-EFAULT,
		  vm_copy_from(&us->space, words, AREA + 4 * PAGE_SIZE - 8, sizeof(words)));
	space_end(us);
}

/* A space that is being torn down grants nothing any more (R43) */
KTEST(pin_of_a_dying_space_is_refused)
{
	struct uspace *us = area(READ_WRITE);
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 7));
	vm_oom_reap(&us->space);
	EXPECT_EQ(0, us->space.resident);
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(-EFAULT, get_user_page(&us->space, AREA, VM_PROT_READ, &page));
	EXPECT_EQ(VM_DYING, space_touch(us, AREA, WRITE));
	space_end(us);
}
