/* SPDX-License-Identifier: MIT */
/* Frames: counted, kept in reserve, run out of, poisoned. */
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/poison.h"
#include "mm/phys/page_alloc.h"
#include "mm/relieve.h"
#include "tests/kernel/ktest.h"

/* R66: each order takes exactly its frames, and gives them back */
KTEST(frames_of_each_order_are_counted)
{
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
		size_t before = page_alloc_free_count();
		struct page *page = page_alloc(order, PAGE_KERNEL, PAGE_NORMAL);

		ASSERT_TRUE(page);
		EXPECT_EQ(before - (1ul << order), page_alloc_free_count());
		EXPECT_TRUE(IS_ALIGNED(page_to_pfn(page), 1ul << order));
		EXPECT_EQ(order, page->order);
		page_free(page, order);
		EXPECT_EQ(before, page_alloc_free_count());
	}
}

KTEST(frames_of_too_large_an_order_are_refused)
{
	EXPECT_TRUE(!page_alloc(PAGE_ORDER_MAX + 1, PAGE_KERNEL, PAGE_RESERVE));
}

/* R111 */
KTEST(frames_have_the_kind_that_was_asked_for_and_one_reference)
{
	static const enum page_kind kinds[] = { PAGE_KERNEL, PAGE_TABLE, PAGE_ANON, PAGE_OBJECT };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct page *page = page_alloc(0, kinds[i], PAGE_NORMAL);

		ASSERT_TRUE(page);
		EXPECT_EQ(kinds[i], page->kind);
		EXPECT_EQ(PAGE_ONE_REF, page->counts);
		EXPECT_EQ(0, page->pins);
		page_put(page);
		EXPECT_EQ(PAGE_FREE, page->kind);
	}
}

/* R62: a frame goes with the last of its references and entries, whichever that is */
KTEST(frames_go_with_the_last_holder)
{
	size_t before = page_alloc_free_count();
	struct page *page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);

	ASSERT_TRUE(page);
	page_get(page);
	page_map_get(page);
	page_counts_add(page, 2 * PAGE_ONE_MAP);
	EXPECT_EQ(3, page->maps);
	EXPECT_EQ(5, page->refs);
	page_put(page);
	page_put(page);
	page_map_put(page);
	page_map_put(page);
	EXPECT_EQ(before - 1, page_alloc_free_count());
	EXPECT_EQ(1, page->maps);
	page_map_put(page);
	EXPECT_EQ(before, page_alloc_free_count());
}

KTEST(frames_in_a_batch_go_together)
{
	size_t before = page_alloc_free_count();
	struct page_batch batch = { 0 };

	for (unsigned i = 0; i < 10; i++) {
		struct page *page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);

		ASSERT_TRUE(page);
		page_batch_add(&batch, page);
	}
	EXPECT_EQ(10, batch.count);
	EXPECT_EQ(before - 10, page_alloc_free_count());
	page_batch_free(&batch);
	EXPECT_EQ(before, page_alloc_free_count());
}

/* R62: pages of one gather, one of them there three times */
KTEST(frames_unmapped_together_are_counted_one_by_one)
{
	size_t before = page_alloc_free_count();
	struct page *pages[4];

	pages[0] = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	pages[3] = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	ASSERT_TRUE(pages[0] && pages[3]);
	pages[1] = pages[2] = pages[0];
	page_counts_add(pages[0], 3 * PAGE_ONE_MAP);
	page_counts_add(pages[3], 2 * PAGE_ONE_MAP);
	page_put(pages[0]);
	page_put(pages[3]);
	page_map_put_many(pages, 4);
	EXPECT_EQ(before - 1, page_alloc_free_count());
	EXPECT_EQ(1, pages[3]->maps);
	page_map_put(pages[3]);
	EXPECT_EQ(before, page_alloc_free_count());
}

/* Takes everything that may be taken, strung by link; adds the frames to *count. */
static struct page *take_all(enum page_alloc_from from, struct page *list, size_t *count)
{
	for (unsigned order = PAGE_ORDER_MAX + 1; order-- > 0;) {
		struct page *page;

		while ((page = page_alloc(order, PAGE_KERNEL, from)) != NULL) {
			page->link.next = list ? &list->link : NULL;
			list = page;
			*count += 1ul << order;
		}
	}
	return list;
}

static void free_all(struct page *list)
{
	while (list) {
		struct page *page = list;

		list = page->link.next ? list_entry(page->link.next, struct page, link) : NULL;
		page_free(page, page->order);
	}
}

/* R43, R44: the end of memory is an answer; the reserve is there beyond it; all comes back */
KTEST(frames_run_out_and_the_reserve_stays)
{
	size_t before, taken = 0, reserve;
	struct page *list;

	mm_trim();
	before = page_alloc_free_count();
	list = take_all(PAGE_NORMAL, NULL, &taken);
	reserve = page_alloc_free_count();
	EXPECT_EQ(before, taken + reserve);
	EXPECT_TRUE(reserve > 0 && reserve < before / 10);
	EXPECT_TRUE(!page_alloc(0, PAGE_ANON, PAGE_NORMAL));
	list = take_all(PAGE_RESERVE, list, &taken);
	EXPECT_EQ(before, taken);
	EXPECT_EQ(0, page_alloc_free_count());
	EXPECT_TRUE(!page_alloc(0, PAGE_KERNEL, PAGE_RESERVE));
	free_all(list);
	mm_trim();
	EXPECT_EQ(before, page_alloc_free_count());
}

static bool is_zero(const struct page *page)
{
	const uint64_t *word = page_address(page);

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

/* A frame that is asked for with zeros has them, new or given back so; it counts as free as any. */
KTEST(frames_zeroed_are_zero)
{
	size_t before = page_alloc_free_count();
	struct page *page = page_alloc_zeroed(PAGE_TABLE), *again;

	ASSERT_TRUE(page);
	EXPECT_TRUE(is_zero(page));
	page_free_zeroed(page);
	EXPECT_EQ(before, page_alloc_free_count());
	again = page_alloc_zeroed(PAGE_TABLE);
	EXPECT_TRUE(again == page);
	EXPECT_TRUE(is_zero(again));
	EXPECT_EQ(before - 1, page_alloc_free_count());
	page_free(again, 0);
	EXPECT_EQ(before, page_alloc_free_count());
}

/* R111: what the lists hold is what the counter says */
KTEST(frames_census_agrees_with_the_count)
{
	struct page_alloc_census census;
	struct page *page = page_alloc(3, PAGE_KERNEL, PAGE_NORMAL);

	ASSERT_TRUE(page);
	page_alloc_census(&census);
	EXPECT_EQ(0, census.faults);
	EXPECT_EQ(census.counted, census.frames + census.singles);
	EXPECT_EQ(page_alloc_free_count(), census.counted);
	page_free(page, 3);
}

#ifdef FAULTLINE_HARDENED

/* What the hardened build adds: a frame that is free, or fresh, is poison */
KTEST(frames_are_poison_when_free)
{
	struct page *page = page_alloc(1, PAGE_KERNEL, PAGE_NORMAL);
	void *bytes;

	ASSERT_TRUE(page);
	bytes = page_address(page);
	memset(bytes, 1, 2 * PAGE_SIZE);
	EXPECT_TRUE(poison_check(bytes, PAGE_SIZE) == bytes);
	page_free(page, 1);
	EXPECT_TRUE(!poison_check(bytes, 2 * PAGE_SIZE));
}

/* R45: the switch that tests of memory running out hang on */
KTEST(frames_fail_where_they_are_told_to)
{
	uint64_t asked = alloc_count;
	struct page *first, *second, *third;

	alloc_fail_at = 2;
	first = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	second = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	third = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	EXPECT_TRUE(first && !second && third);
	EXPECT_EQ(asked + 3, alloc_count);
	EXPECT_EQ(0, alloc_fail_at);
	page_put(first);
	page_put(third);
}

#endif
