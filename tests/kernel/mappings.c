/* SPDX-License-Identifier: MIT */
/* mmap, munmap, mprotect, madvise on a space: what stays, what goes, what is refused. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA  0x40000000ul
#define PAGES 16

static vaddr_t page(unsigned i)
{
	return AREA + i * PAGE_SIZE;
}

/* PAGES pages at AREA, each with its number in the first word. */
static struct uspace *area(void)
{
	struct uspace *us = space_new();

	if (!us || space_map(us, AREA, PAGES * PAGE_SIZE, READ_WRITE, 0) < 0)
		return NULL;
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT_EQ(0, space_store(us, page(i), i + 1));
	return us;
}

/*
 * R94, R8: fewer permissions take one fence for all the pages of a piece; more permissions take none, and few
 * pages have them at once
 */
KTEST(protect_lessens_and_gives_back_at_once)
{
	struct uspace *us = area();

	ASSERT_TRUE(us);
	EXPECT_EQ(0, vm_protect(&us->space, page(0), 4 * PAGE_SIZE, READ));
	EXPECT_EQ(1, us->space.stats.fences);
	EXPECT_EQ(VM_PROT_READ, entry_prot(space_entry(us, page(1))));
	EXPECT_EQ(READ_WRITE, entry_prot(space_entry(us, page(4))));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, page(3), WRITE));
	EXPECT_EQ(0, vm_protect(&us->space, page(0), 4 * PAGE_SIZE, READ_WRITE));
	EXPECT_EQ(1, us->space.stats.fences);
	EXPECT_EQ(READ_WRITE, entry_prot(space_entry(us, page(1))));
	EXPECT_EQ(1, us->space.nvmas);
	space_end(us);
}

/* R94: more pages than PAGES get them by faults */
KTEST(protect_gives_back_to_many_by_faults)
{
	struct uspace *us = area();
	size_t len = (PAGES + 1) * PAGE_SIZE;

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, page(PAGES), PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_store(us, page(PAGES), 1));
	EXPECT_EQ(0, vm_protect(&us->space, AREA, len, READ));
	EXPECT_EQ(0, vm_protect(&us->space, AREA, len, READ_WRITE));
	EXPECT_EQ(VM_PROT_READ, entry_prot(space_entry(us, page(1))));
	EXPECT_EQ(0, space_store(us, page(1), 50));
	EXPECT_EQ(1, kind_count(us, FAULT_REUSE));
	EXPECT_EQ(1, us->space.nvmas);
	space_end(us);
}

/* R94: PROT_NONE refuses everything, keeps the pages, and costs the frames nothing */
KTEST(protect_none_refuses_everything_and_keeps_the_bytes)
{
	struct uspace *us = area();
	struct page *frame;

	ASSERT_TRUE(us);
	frame = space_page(us, page(2));
	EXPECT_EQ(0, vm_protect(&us->space, page(2), PAGE_SIZE, 0));
	EXPECT_EQ(ENTRY_RESIDENT, entry_state(space_entry(us, page(2))));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, page(2), READ));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, page(2), WRITE));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, page(2), EXEC));
	EXPECT_EQ(3, us->space.nvmas);
	EXPECT_EQ(PAGES, us->space.resident);
	EXPECT_EQ(0, vm_protect(&us->space, page(2), PAGE_SIZE, READ_WRITE));
	EXPECT_EQ(3, space_load(us, page(2)));
	EXPECT_EQ(0, kind_count(us, FAULT_ACCESSED));
	EXPECT_TRUE(space_page(us, page(2)) == frame);
	EXPECT_EQ(1, us->space.nvmas);
	space_end(us);
}

/* R94: a change holds for pages that come later */
KTEST(protect_holds_for_pages_to_come)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, 2 * PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, vm_protect(&us->space, AREA, PAGE_SIZE, READ));
	EXPECT_EQ(0, space_touch(us, AREA, READ));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, vm_protect(&us->space, AREA, PAGE_SIZE, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA, READ));
	EXPECT_EQ(-ENOMEM, vm_protect(&us->space, AREA, 3 * PAGE_SIZE, READ));
	EXPECT_EQ(-EINVAL, vm_protect(&us->space, AREA + 1, PAGE_SIZE, READ));
	space_end(us);
}

/* R93: start, middle and end of one VMA */
KTEST(unmap_parts_of_a_mapping)
{
	struct uspace *us = area();
	size_t before;

	ASSERT_TRUE(us);
	before = page_alloc_free_count();
	EXPECT_EQ(0, vm_unmap(&us->space, page(0), PAGE_SIZE));
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(0, vm_unmap(&us->space, page(15), PAGE_SIZE));
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(0, vm_unmap(&us->space, page(6), 2 * PAGE_SIZE));
	EXPECT_EQ(2, us->space.nvmas);
	EXPECT_EQ(3, us->space.stats.fences);
	EXPECT_EQ(12, us->space.resident);
	EXPECT_EQ(12 * PAGE_SIZE, us->space.mapped_bytes);
	EXPECT_TRUE(page_alloc_free_count() + 1 >= before + 4); /* a slab of VMAs may have come */
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, page(0), READ));
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(us, page(7), WRITE));
	EXPECT_EQ(6, space_load(us, page(5)));
	EXPECT_EQ(9, space_load(us, page(8)));
	space_end(us);
}

/* R93: many VMAs, with holes, ends in the middle of the first and the last */
KTEST(unmap_over_many_mappings)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	for (unsigned i = 0; i < 50; i++) {
		ASSERT_TRUE(space_map(us, AREA + i * 8 * PAGE_SIZE, 4 * PAGE_SIZE, READ_WRITE, 0) >
			    0);
		EXPECT_EQ(0, space_touch(us, AREA + i * 8 * PAGE_SIZE, WRITE));
	}
	EXPECT_EQ(50, us->space.nvmas);
	EXPECT_EQ(0, vm_unmap(&us->space, AREA + 2 * PAGE_SIZE, 49 * 8 * PAGE_SIZE));
	EXPECT_EQ(2, us->space.nvmas);
	EXPECT_EQ(1, us->space.resident);
	EXPECT_EQ(4 * PAGE_SIZE, us->space.mapped_bytes);
	EXPECT_EQ(0, vm_unmap(&us->space, PAGE_SIZE, USER_TOP - PAGE_SIZE));
	EXPECT_EQ(0, us->space.nvmas);
	EXPECT_EQ(1, us->space.tables);
	space_end(us);
}

/* R90 */
KTEST(unmap_refuses_what_is_no_range)
{
	struct uspace *us = area();

	ASSERT_TRUE(us);
	EXPECT_EQ(-EINVAL, vm_unmap(&us->space, AREA + 1, PAGE_SIZE));
	EXPECT_EQ(-EINVAL, vm_unmap(&us->space, AREA, 0));
	EXPECT_EQ(-EINVAL, vm_unmap(&us->space, AREA, USER_TOP));
	EXPECT_EQ(-EINVAL, vm_unmap(&us->space, AREA, SIZE_MAX));
	EXPECT_EQ(0, vm_unmap(&us->space, AREA + PAGES * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(PAGES, us->space.resident);
	space_end(us);
}

/* R90: refusals of mmap, with nothing changed */
KTEST(map_refuses_what_can_not_be)
{
	struct uspace *us = area();

	ASSERT_TRUE(us);
	EXPECT_EQ(-EINVAL, space_map(us, 0, 0, READ, 0));
	EXPECT_EQ(-ENOMEM, space_map(us, 0, SIZE_MAX, READ, 0));
	EXPECT_EQ(-ENOMEM, space_map(us, 0, USER_TOP, READ, 0));
	EXPECT_EQ(-EINVAL, space_map(us, AREA + 1, PAGE_SIZE, READ, 0));
	EXPECT_EQ(-ENOMEM, space_map(us, USER_TOP, PAGE_SIZE, READ, 0));
	EXPECT_EQ(-EEXIST, space_map(us, AREA + PAGE_SIZE, PAGE_SIZE, READ, MAP_FIXED_NOREPLACE));
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(PAGES, us->space.resident);
	space_end(us);
}

/* R90: MAP_FIXED replaces what lay there, its pages too */
KTEST(map_fixed_replaces)
{
	struct uspace *us = area();

	ASSERT_TRUE(us);
	EXPECT_EQ(page(4), space_map(us, page(4), 2 * PAGE_SIZE, READ, 0));
	EXPECT_EQ(3, us->space.nvmas);
	EXPECT_EQ(PAGES - 2, us->space.resident);
	EXPECT_EQ(0, space_load(us, page(4)));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, page(5), WRITE));
	EXPECT_EQ(4, space_load(us, page(3)));
	EXPECT_EQ(page(4), space_map(us, page(4), 2 * PAGE_SIZE, READ_WRITE, 0));
	EXPECT_EQ(1, us->space.nvmas); /* alike again: merged */
	space_end(us);
}

/* R90: the kernel's own choice goes downwards, without holes, and merges */
KTEST(map_chooses_from_the_top_downwards)
{
	struct uspace *us = space_new();
	long first, second;

	ASSERT_TRUE(us);
	us->space.mmap_top = AREA;
	first = space_map(us, 0, PAGE_SIZE, READ_WRITE, 0);
	second = space_map(us, 0, 3 * PAGE_SIZE, READ_WRITE, 0);
	EXPECT_EQ(AREA - PAGE_SIZE, first);
	EXPECT_EQ(AREA - 4 * PAGE_SIZE, second);
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(0, vm_unmap(&us->space, AREA - 2 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(AREA - 2 * PAGE_SIZE, space_map(us, 0, PAGE_SIZE, READ, 0));
	space_end(us);
}

/* R90: MAP_POPULATE fills writable memory with pages of its own */
KTEST(map_populate_fills_at_once)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, 4 * PAGE_SIZE, READ_WRITE, MAP_POPULATE) > 0);
	EXPECT_EQ(4, us->space.resident);
	EXPECT_EQ(0, us->space.stats.zero_maps);
	ASSERT_TRUE(space_map(us, 2 * AREA, 4 * PAGE_SIZE, READ, MAP_POPULATE) > 0);
	EXPECT_EQ(4, us->space.resident);
	EXPECT_EQ(4, us->space.stats.zero_maps);
	space_end(us);
}

/* RLIMIT_AS and RLIMIT_DATA, R90: refused with nothing changed */
KTEST(map_keeps_the_limits)
{
	struct uspace *us = area();

	ASSERT_TRUE(us);
	us->space.limit_as = 20 * PAGE_SIZE;
	EXPECT_EQ(-ENOMEM, space_map(us, 0, 5 * PAGE_SIZE, READ, 0));
	EXPECT_TRUE(space_map(us, 0, 4 * PAGE_SIZE, READ, 0) > 0);
	EXPECT_EQ(page(0), space_map(us, page(0), 4 * PAGE_SIZE, READ_WRITE, 0));
	EXPECT_EQ(HEAP_AT, vm_brk(&us->space, HEAP_AT + PAGE_SIZE));
	us->space.limit_as = UINT64_MAX;
	us->space.limit_data = 17 * PAGE_SIZE;
	EXPECT_EQ(-ENOMEM, space_map(us, 0, 2 * PAGE_SIZE, READ_WRITE, 0));
	EXPECT_TRUE(space_map(us, 0, 2 * PAGE_SIZE, READ, 0) > 0);
	EXPECT_EQ(20 * PAGE_SIZE + 2 * PAGE_SIZE, us->space.mapped_bytes);
	space_end(us);
}

/* R90: DONTNEED drops the pages, the next read sees zeros; one fence for all of them */
KTEST(madvise_dontneed_drops_the_pages)
{
	struct uspace *us = area();
	size_t before;

	ASSERT_TRUE(us);
	before = page_alloc_free_count();
	EXPECT_EQ(0, vm_madvise(&us->space, page(2), 5 * PAGE_SIZE, MADV_DONTNEED));
	EXPECT_EQ(before + 5, page_alloc_free_count());
	EXPECT_EQ(1, us->space.stats.fences);
	EXPECT_EQ(PAGES - 5, us->space.resident);
	EXPECT_EQ(1, us->space.nvmas);
	EXPECT_EQ(0, space_load(us, page(3)));
	EXPECT_EQ(2, space_load(us, page(1)));
	EXPECT_EQ(-EINVAL, vm_madvise(&us->space, page(2), PAGE_SIZE, 12345));
	EXPECT_EQ(-ENOMEM, vm_madvise(&us->space, page(15), 2 * PAGE_SIZE, MADV_DONTNEED));
	EXPECT_EQ(0, space_load(us, page(15)));
	space_end(us);
}

/* R18: a long unmap goes in pieces of 64 pages with pauses between */
KTEST(unmap_pauses_between_pieces)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, AREA, 256 * PAGE_SIZE, READ_WRITE, MAP_POPULATE) > 0);
	pauses_watch(NULL);
	EXPECT_EQ(0, vm_unmap(&us->space, AREA, 256 * PAGE_SIZE));
	EXPECT_EQ(4, us->space.stats.fences);
	EXPECT_EQ(3, pauses_end());
	space_end(us);
}

static struct uspace *unmapping;

/* In the midst of it: what has gone is waited for, what is still to go can still be used. */
static int look_between_pieces(unsigned count)
{
	if (count == 1) {
		EXPECT_EQ(VM_WAIT, space_touch(unmapping, AREA, WRITE));
		EXPECT_EQ(0, space_touch(unmapping, AREA + 255 * PAGE_SIZE, WRITE));
	}
	return 0;
}

/* R93: nobody sees an unmap half done, and nothing comes back behind it */
KTEST(unmap_half_done_is_seen_by_nobody)
{
	unmapping = space_new();
	ASSERT_TRUE(unmapping);
	ASSERT_TRUE(space_map(unmapping, AREA, 256 * PAGE_SIZE, READ_WRITE, MAP_POPULATE) > 0);
	pauses_watch(look_between_pieces);
	EXPECT_EQ(0, vm_unmap(&unmapping->space, AREA, 256 * PAGE_SIZE));
	EXPECT_EQ(3, pauses_end());
	EXPECT_EQ(0, unmapping->space.resident);
	EXPECT_EQ(VM_SEGV_MAPERR, space_touch(unmapping, AREA, WRITE));
	space_end(unmapping);
}
