/* SPDX-License-Identifier: MIT */
/* The table of struct pages, and the freeing of a frame when its last reference is dropped. */
#include "mm/phys/page.h"

#include "mm/phys/page_alloc.h"
#include "sync/interleave.h"

uint64_t pages_unmapped; /* atomic */
/* const after boot: */
struct page_segment page_segments[PAGE_SEGMENTS_MAX];
unsigned page_segment_count;
struct page *zero_page;
pfn_t zero_pfn;

/* Subtracts, and returns the counts before. A count that would fall below zero is a kernel bug. */
static inline uint64_t counts_sub(struct page *page, uint64_t what)
{
	uint64_t before = __atomic_fetch_sub(&page->counts, what, __ATOMIC_ACQ_REL);

	assert_hardened((uint32_t)before >= (uint32_t)what);
	assert_hardened(before >> 32 >= what >> 32);
	return before;
}

void page_put(struct page *page)
{
	if (counts_sub(page, PAGE_ONE_REF) == PAGE_ONE_REF)
		page_free(page, page_order(page));
}

void page_map_put(struct page *page)
{
	interleave(INTERLEAVE_UNMAPPED, LOCK_NONE, page);
	if (counts_sub(page, PAGE_ONE_MAP) == PAGE_ONE_MAP)
		page_free(page, page_order(page));
}

void page_map_put_many(struct page *const *pages, size_t n)
{
	struct page_batch batch = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct page *page = pages[i];

		uint64_t before;

		interleave(INTERLEAVE_UNMAPPED, LOCK_NONE, page);
		before = counts_sub(page, PAGE_ONE_MAP);
		if (before > PAGE_ONE_MAP + PAGE_ONE_REF) /* one comparison for what stays mapped */
			continue;
		if (before == PAGE_ONE_MAP)
			page_batch_add(&batch, page);
		else
			counter_add(&pages_unmapped, 1);
	}
	page_batch_free(&batch);
}
