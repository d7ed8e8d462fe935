/* The door into an address space that is not the running one. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/hold.h"
#include "mm/alloc_fail.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

static struct uspace *area(unsigned rights)
{
	struct uspace *us = space_new();

	if (!us || space_map(us, AREA, 4 * PAGE_SIZE, rights, 0) != AREA)
		return NULL;
	return us;
}

/* R29, R25: into another space's untouched memory, over three pages, and out again */
KTEST(hold_copies_into_another_spaces_lazy_memory)
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
KTEST(hold_for_writing_breaks_the_sharing)
{
	struct uspace *us = area(READ_WRITE), *child;
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 1));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(0, vm_hold(&child->space, AREA, RIGHT_WRITE, &page));
	EXPECT_TRUE(page != space_page(us, AREA) && page == space_page(child, AREA));
	EXPECT_EQ(2, page->refs);
	*(uint64_t *)page_address(page) = 2;
	page_put(page);
	EXPECT_EQ(1, space_load(us, AREA));
	EXPECT_EQ(2, space_load(child, AREA));
	space_end(child);
	space_end(us);
}

/* A held page outlives its mapping (R62) */
KTEST(hold_keeps_the_page)
{
	struct uspace *us = area(READ_WRITE);
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 7));
	EXPECT_EQ(0, vm_hold(&us->space, AREA, RIGHT_READ, &page));
	EXPECT_EQ(0, vm_unmap(&us->space, AREA, PAGE_SIZE));
	EXPECT_EQ(7, *(uint64_t *)page_address(page));
	EXPECT_EQ(PAGE_ONE_REF, page->counts);
	page_put(page);
	space_end(us);
}

/* R27: read-only memory and holes: EFAULT, a copy stops there */
KTEST(hold_refuses_what_the_program_may_not)
{
	struct uspace *us = area(READ);
	struct page *page;
	uint64_t words[2] = { 1, 2 };

	ASSERT_TRUE(us);
	EXPECT_EQ(-EFAULT, vm_hold(&us->space, AREA, RIGHT_WRITE, &page));
	EXPECT_EQ(-EFAULT, vm_hold(&us->space, AREA + 4 * PAGE_SIZE, RIGHT_READ, &page));
	EXPECT_EQ(-EFAULT, vm_hold(&us->space, 0, RIGHT_READ, &page));
	EXPECT_EQ(-EFAULT, vm_hold(&us->space, USER_TOP, RIGHT_READ, &page));
	EXPECT_EQ(-EFAULT,
		  vm_hold(&us->space, (vaddr_t)page_address(zero_page), RIGHT_READ, &page));
	EXPECT_EQ(0, vm_hold(&us->space, AREA, RIGHT_READ, &page));
	EXPECT_TRUE(page == zero_page);
	page_put(page);
	EXPECT_EQ(-EFAULT, vm_copy_to(&us->space, AREA, words, sizeof(words)));
	EXPECT_EQ(-EFAULT,
		  vm_copy_from(&us->space, words, AREA + 4 * PAGE_SIZE - 8, sizeof(words)));
	space_end(us);
}

/* A space that is being torn down grants nothing any more (R43) */
KTEST(hold_of_a_dying_space_is_refused)
{
	struct uspace *us = area(READ_WRITE);
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA, 7));
	vm_strip(&us->space);
	EXPECT_EQ(0, us->space.resident);
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(-EFAULT, vm_hold(&us->space, AREA, RIGHT_READ, &page));
	EXPECT_EQ(VM_DYING, space_touch(us, AREA, WRITE));
	space_end(us);
}
