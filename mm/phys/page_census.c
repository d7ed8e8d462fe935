/* SPDX-License-Identifier: MIT */
/* Counts frames by kind. */
#include "mm/phys/page_census.h"

#include "mm/host.h"

#define FRAMES_AT_ONCE 16384

static void count(struct page_census *census, const struct page *page)
{
	uint64_t state = page_state(page);
	enum page_kind kind = state_kind(state);

	census->kind[kind < PAGE_KINDS ? kind : PAGE_RESERVED]++;
	if (kind == PAGE_KERNEL && (state & PAGE_SLAB))
		census->slabs++;
}

void page_census(struct page_census *ret)
{
	*ret = (struct page_census){ 0 };
	for (unsigned i = 0; i < page_segment_count; i++)
		for (size_t n = 0; n < page_segments[i].count; n++) {
			count(ret, &page_segments[i].pages[n]);
			if (n % FRAMES_AT_ONCE == FRAMES_AT_ONCE - 1)
				(void)vm_pause();
		}
}
