/* SPDX-License-Identifier: MIT */
/* Takes memory away, so that a test soon comes to the end of it. */
#include "tests/kernel/squeeze.h"

#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"

struct page *squeeze_push(struct page *list, struct page *page)
{
	page->link.next = list ? &list->link : NULL;
	return page;
}

struct page *squeeze_next(const struct page *page)
{
	return page->link.next ? list_entry(page->link.next, struct page, link) : NULL;
}

struct page *squeeze(size_t frames_left)
{
	struct page *list = NULL, *page;

	while (page_alloc_free_count() > frames_left + (1ul << PAGE_ORDER_MAX)) {
		page = page_alloc(PAGE_ORDER_MAX, PAGE_KERNEL, PAGE_NORMAL);
		if (!page)
			break;
		list = squeeze_push(list, page);
	}
	return list;
}

struct page *squeeze_all(struct page *list)
{
	struct page *page;

	while ((page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL)) != NULL)
		list = squeeze_push(list, page);
	return list;
}

void squeeze_end(struct page *list)
{
	while (list) {
		struct page *page = list;

		list = squeeze_next(page);
		page_free(page, page_order(page));
	}
}

int relieve_when_low(struct relief *relief)
{
	size_t reserve = page_alloc_reserve_count();
	int err;

	page_alloc_set_reserve(page_alloc_free_count() / 2 + 1); /* the watermark is twice that */
	err = relieve(relief);
	page_alloc_set_reserve(reserve);
	return err;
}
