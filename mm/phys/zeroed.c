/* SPDX-License-Identifier: MIT */
/* A free frame of each hart that is filled with zeros before it is needed. */
#include "mm/phys/zeroed.h"

#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"

struct page *zeroed_take_any(void)
{
	struct page *page = NULL;

	for (unsigned i = 0; i < hart_count && !page; i++)
		page = zeroed_take_from(&frame_caches[i]);
	return page;
}

size_t zeroed_count(void)
{
	size_t count = 0;

	for (unsigned i = 0; i < hart_count; i++)
		count += atomic_load_relaxed(&frame_caches[i].prezeroed) != NULL;
	return count;
}

bool zeroed_drop(void)
{
	struct page *page;
	bool found = false;

	while ((page = zeroed_take_any())) {
		page_free(page, 0);
		found = true;
	}
	return found;
}

void zeroed_give(struct page *page)
{
	page_start(page, PAGE_FREE, 0, 0);
	page = __atomic_exchange_n(&frame_cache_this()->prezeroed, page, __ATOMIC_ACQ_REL);
	if (unlikely(page)) { /* another thread was quicker */
		page_start(page, PAGE_ANON, 0, 0);
		page_free(page, 0);
	}
}

void zeroed_prepare(void)
{
	struct page *page;

	if (atomic_load_relaxed(&frame_cache_this()->prezeroed) || alloc_fail_armed())
		return;
	page = page_alloc(0, PAGE_ANON, PAGE_OPTIONAL);
	if (!page)
		return;
	page->zeroed_pfn = page_to_pfn(page);
	arch_page_zero(arch_phys_to_virt(pfn_to_paddr(page->zeroed_pfn)));
	zeroed_give(page);
}
