/* SPDX-License-Identifier: MIT */
/* One free frame that is filled with zeros before it is needed. */
#include "mm/phys/zeroed.h"

#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"

struct page *prezeroed;

bool zeroed_drop(void)
{
	struct page *page = zeroed_take();

	if (page)
		page_free(page, 0);
	return page;
}

void zeroed_give(struct page *page)
{
	page_start(page, PAGE_FREE, 0, 0);
	page = __atomic_exchange_n(&prezeroed, page, __ATOMIC_ACQ_REL);
	if (unlikely(page)) { /* another hart was quicker */
		page_start(page, PAGE_ANON, 0, 0);
		page_free(page, 0);
	}
}

void zeroed_prepare(void)
{
	struct page *page;

	if (zeroed_count() || alloc_fail_armed())
		return;
	page = page_alloc(0, PAGE_ANON, PAGE_OPTIONAL);
	if (!page)
		return;
	page->zeroed_pfn = page_to_pfn(page);
	arch_page_zero(arch_phys_to_virt(pfn_to_paddr(page->zeroed_pfn)));
	zeroed_give(page);
}
