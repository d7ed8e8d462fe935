/* SPDX-License-Identifier: MIT */
/* The hardened build's checks of frames that are freed and allocated again. */
#include "mm/check/page_check.h"

#include "arch/witness.h"
#include "mm/check/poison.h"

#ifdef FAULTLINE_HARDENED

/* Returns why the allocation may not be freed, or NULL if it may. */
static const char *free_error(const struct page *page, unsigned order)
{
	if (page_kind(page) == PAGE_FREE)
		return "is free already";
	if (page_kind(page) == PAGE_RESERVED || page_kind(page) == PAGE_ZERO)
		return "is never freed";
	if (page_has(page, PAGE_TAIL) || page_order(page) != order)
		return "is not the start of such an allocation";
	if (page->refs > 1 || page->maps || page_pins(page))
		return "is in use";
	return NULL;
}

void page_check_release(paddr_t pa)
{
	arch_witness_free(pa, PAGE_SIZE);
}

void page_check_add(struct page *page, unsigned order)
{
	for (size_t i = 0; i < 1ul << order; i++)
		page_start(&page[i], PAGE_FREE, 0, 0);
}

void page_check_free(const struct page *page, unsigned order)
{
	const char *error = free_error(page, order);

	if (error)
		panic("page: frame %#lx (kind %u, order %u) %s", (unsigned long)page_to_pfn(page),
		      page_kind(page), page_order(page), error);
	arch_witness_free(page_to_paddr(page), PAGE_SIZE << order);
}

void page_end(struct page *page, unsigned order)
{
	page_check_free(page, order);
	poison_fill(page_address(page), PAGE_SIZE << order);
	for (size_t i = 0; i < 1ul << order; i++) {
		page[i].counts = 0;
		page_start(&page[i], PAGE_FREE, 0, PAGE_POISONED);
	}
}

static void written(const struct page *page, const void *where)
{
	panic("page: free frame %#lx was written at offset %#lx", (unsigned long)page_to_pfn(page),
	      (unsigned long)((uintptr_t)where & PAGE_MASK));
}

void page_check_poison(struct page *page, unsigned order)
{
	for (size_t i = 0; i < 1ul << order; i++) {
		const void *bad = NULL;

		if (page_has(&page[i], PAGE_POISONED))
			bad = poison_check(page_address(&page[i]), PAGE_SIZE);
		if (bad)
			written(&page[i], bad);
		page_clear(&page[i], PAGE_POISONED);
	}
}

void page_check_zeros(const struct page *page)
{
	const void *bad = words_differ(page_address(page), PAGE_SIZE, 0);

	if (bad)
		written(page, bad);
}

#endif
