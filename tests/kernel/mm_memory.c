/* SPDX-License-Identifier: MIT */
/* In-kernel tests of frames, slabs, stacks and objects on the real machine. */
#include "abi/errno.h"
#include "arch/context.h"
#include "lib/bits.h"
#include "mm/object.h"
#include "mm/object_io.h"
#include "mm/object_size.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/relieve.h"
#include "mm/user_copy.h"
#include "tests/kernel/ktest.h"

#define MANY 512

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

KTEST(mm_frames_do_not_overlap) /* R111 */
{
	static struct page *pages[MANY];

	for (unsigned i = 0; i < MANY; i++) {
		pages[i] = page_alloc(i % 16 ? 0 : i % 5, PAGE_KERNEL, PAGE_NORMAL);
		ASSERT_TRUE(pages[i]);
		mark(page_address(pages[i]), PAGE_SIZE << pages[i]->order, i);
	}
	for (unsigned i = 0; i < MANY; i++) {
		EXPECT_TRUE(marked(page_address(pages[i]), PAGE_SIZE << pages[i]->order, i));
		page_put(pages[i]);
	}
}

KTEST(mm_frames_merge_again)
{
	static struct page *pages[MANY];
	struct page *large;

	for (unsigned i = 0; i < MANY; i++)
		ASSERT_TRUE((pages[i] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL)));
	for (unsigned i = 0; i < MANY; i++)
		page_put(pages[i * 7 % MANY]);
	mm_trim();
	large = page_alloc(8, PAGE_KERNEL, PAGE_NORMAL);
	EXPECT_TRUE(large);
	if (large)
		page_free(large, 8);
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

KTEST(mm_zero_page_is_zero) /* R53 */
{
	EXPECT_EQ(PAGE_ZERO, zero_page->kind);
	EXPECT_TRUE(marked(page_address(zero_page), PAGE_SIZE, 0));
}

KTEST(mm_small_objects_do_not_overlap)
{
	static uint64_t *objects[MANY];

	for (unsigned i = 0; i < MANY; i++) {
		objects[i] = kmalloc(8 + i * 8);
		ASSERT_TRUE(objects[i]);
		mark(objects[i], 8 + i * 8, i);
	}
	for (unsigned i = 0; i < MANY; i++) {
		EXPECT_TRUE(marked(objects[i], 8 + i * 8, i));
		kfree(objects[i]);
	}
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
	static void *stacks[64];

	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++) {
		stacks[i] = kstack_alloc();
		ASSERT_TRUE(stacks[i]);
		EXPECT_EQ(KSTACK_SIZE, (vaddr_t)stacks[i] % (2 * KSTACK_SIZE));
		mark(stacks[i], KSTACK_SIZE, i);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++) {
		EXPECT_TRUE(marked(stacks[i], KSTACK_SIZE, i));
		kstack_free(stacks[i]);
	}
	/* Those that are kept and those that are made anew are as good. */
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++) {
		stacks[i] = kstack_alloc();
		ASSERT_TRUE(stacks[i]);
		mark(stacks[i], KSTACK_SIZE, ~(uint64_t)i);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(stacks); i++) {
		EXPECT_TRUE(marked(stacks[i], KSTACK_SIZE, ~(uint64_t)i));
		kstack_free(stacks[i]);
	}
}

KTEST(mm_object_keeps_what_was_written) /* R95 */
{
	struct object *object = object_create_anon(0);
	static uint64_t out[100], in[100];

	ASSERT_TRUE(object);
	for (unsigned i = 0; i < 100; i++)
		out[i] = ktest_random();
	EXPECT_EQ(sizeof(out), object_write_kernel(object, 3 * PAGE_SIZE - 400, out, sizeof(out)));
	EXPECT_EQ(3 * PAGE_SIZE - 400 + sizeof(out), object_size(object));
	EXPECT_EQ(2, object->npages);
	EXPECT_EQ(sizeof(in), object_read_kernel(object, 3 * PAGE_SIZE - 400, in, sizeof(in)));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	EXPECT_EQ(sizeof(in), object_read_kernel(object, 5, in, sizeof(in)));
	EXPECT_TRUE(marked(in, sizeof(in), 0));
	EXPECT_EQ(2, object->npages);
	EXPECT_EQ(0, object_set_size(object, 3 * PAGE_SIZE - 300));
	EXPECT_EQ(0, object_set_size(object, 4 * PAGE_SIZE));
	EXPECT_EQ(sizeof(in), object_read_kernel(object, 3 * PAGE_SIZE - 300, in, sizeof(in)));
	EXPECT_TRUE(marked(in, sizeof(in), 0));
	object_put(object);
}

KTEST(mm_object_sizes_at_the_limit)
{
	struct object *object = object_create_anon(0);

	ASSERT_TRUE(object);
	EXPECT_EQ(1, object_write_kernel(object, OBJECT_SIZE_MAX - 1, "xy", 2));
	EXPECT_EQ(-EFBIG, object_write_kernel(object, OBJECT_SIZE_MAX, "xy", 2));
	EXPECT_EQ(-EFBIG, object_set_size(object, OBJECT_SIZE_MAX + 1));
	EXPECT_EQ(0, object_set_size(object, 0));
	EXPECT_EQ(0, object->npages);
	object_put(object);
}

KTEST(mm_user_ranges_are_checked) /* R27 */
{
	char buffer[16];

	EXPECT_EQ(-EFAULT, user_copy_in(buffer, 0, 1));
	EXPECT_EQ(-EFAULT, user_copy_in(buffer, USER_TOP - 4, 8));
	EXPECT_EQ(-EFAULT, user_copy_in(buffer, UINT64_MAX - 3, 8));
	EXPECT_EQ(-EFAULT, user_copy_out((vaddr_t)page_address(zero_page), buffer, 8));
	EXPECT_EQ(-EFAULT, user_copy_out((vaddr_t)buffer, buffer, 8));
	EXPECT_EQ(-EFAULT, user_copy_string(buffer, (vaddr_t)buffer, 8));
	EXPECT_EQ(0, user_copy_in(buffer, 0, 0));
}
