/* SPDX-License-Identifier: MIT */
/* Frames, their numbers and kernel stacks with the memory and page tables of the real machine. */
#include "arch/context.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "tests/kernel/ktest.h"

#define STACKS 64

/* Fills memory with a mark, and tells whether it still has it. */
static void mark(void *p, size_t bytes, uint64_t value)
{
	for (uint64_t *word = p; word < (uint64_t *)p + bytes / sizeof(*word); word++)
		*word = value;
}

static bool marked(const void *p, size_t bytes, uint64_t value)
{
	for (const uint64_t *word = p; word < (const uint64_t *)p + bytes / sizeof(*word); word++)
		if (*word != value)
			return false;
	return true;
}

KTEST(mm_page_numbers_go_round)
{
	for (unsigned i = 0; i < page_segment_count; i++) {
		const struct page_segment *segment = &page_segments[i];

		EXPECT_EQ(segment->first, page_to_pfn(&segment->pages[0]));
		EXPECT_EQ(segment->first + segment->count - 1,
			  page_to_pfn(&segment->pages[segment->count - 1]));
		EXPECT_TRUE(pfn_to_page(segment->first + segment->count - 1) ==
			    &segment->pages[segment->count - 1]);
	}
	EXPECT_TRUE(!pfn_to_page(0));
	EXPECT_TRUE(virt_to_page(page_address(zero_page)) == zero_page);
}

KTEST(mm_memory_runs_out_and_comes_back) /* R44 */
{
	struct list all = LIST_INIT(all), *link;
	struct page *page;
	size_t free, n = 0;

	mm_trim(); /* so that no stack is kept */
	free = page_alloc_free_count();
	while ((page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL))) {
		list_add(&all, &page->link);
		n++;
	}
	EXPECT_TRUE(page_alloc_free_count() > 0); /* the reserve */
	EXPECT_EQ(free - n, page_alloc_free_count());
	EXPECT_TRUE(!kmalloc(PAGE_SIZE));
	EXPECT_TRUE(!kstack_alloc());
	page = page_alloc(0, PAGE_KERNEL, PAGE_RESERVE);
	EXPECT_TRUE(page);
	if (page)
		page_put(page);
	while ((link = list_pop(&all)))
		page_put(list_entry(link, struct page, link));
	EXPECT_EQ(free, page_alloc_free_count());
}

KTEST(mm_stacks_are_aligned_and_apart) /* R32 */
{
	static void *stacks[STACKS];

	/* The second time some of the stacks are cached ones. */
	for (uint64_t round = 0; round < 2; round++) {
		for (unsigned i = 0; i < STACKS; i++) {
			stacks[i] = kstack_alloc();
			ASSERT_TRUE(stacks[i]);
			EXPECT_EQ(KSTACK_SIZE, (vaddr_t)stacks[i] % (2 * KSTACK_SIZE));
			mark(stacks[i], KSTACK_SIZE, round * STACKS + i);
		}
		for (unsigned i = 0; i < STACKS; i++) {
			EXPECT_TRUE(marked(stacks[i], KSTACK_SIZE, round * STACKS + i));
			kstack_free(stacks[i]);
		}
	}
}
