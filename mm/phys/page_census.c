/* SPDX-License-Identifier: MIT */
/* Counts frames by kind. */
#include "mm/phys/page_census.h"

#include "lib/bits.h"
#include "mm/host.h"
#include "mm/phys/page_alloc.h"

/* No block extends beyond frames that are aligned to this number. */
#define FRAMES_AT_ONCE (1ul << PAGE_ORDER_MAX)

static void count(struct page_census *census, uint64_t state, size_t frames)
{
	enum page_kind kind = state_kind(state);

	census->kind[kind < PAGE_KINDS ? kind : PAGE_RESERVED] += frames;
	if (kind == PAGE_KERNEL && (state & PAGE_SLAB))
		census->slabs++;
}

static void count_frames(struct page_census *census, const struct page *page,
			 const struct page *end)
{
	page_alloc_lock();
	while (page < end) {
		uint64_t state = page_state(page);
		size_t frames = state & PAGE_BLOCK ? 1ul << state_order(state) : 1;

		count(census, state, frames);
		page += frames;
	}
	page_alloc_unlock();
}

void page_census(struct page_census *ret)
{
	*ret = (struct page_census){ 0 };
	for (unsigned i = 0; i < page_segment_count; i++) {
		const struct page_segment *segment = &page_segments[i];

		for (size_t n = 0, next; n < segment->count; n = next) {
			next = ALIGN_UP(segment->first + n + 1, FRAMES_AT_ONCE) - segment->first;
			next = MIN(next, segment->count);
			count_frames(ret, segment->pages + n, segment->pages + next);
			(void)vm_pause();
		}
	}
}
