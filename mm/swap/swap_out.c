/* SPDX-License-Identifier: MIT */
/* Swap-out: the way of a page from the index of its object to the swap cache. */
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/swap/swap_cache.h"

bool object_swap_out(struct object *object, struct page *page)
{
	uint64_t index = page->index, slot;
	bool charged = page_has(page, PAGE_CHARGED);

	assert_hardened(spin_lock_held(&object->lock));
	if (index >= object_pages(object->size))
		return false;
	page_clear(page, PAGE_CHARGED);
	if (!swap_take_page(page, &slot)) {
		if (charged)
			page_set(page, PAGE_CHARGED);
		return false;
	}
	index_swap_out(object, index, slot, charged);
	return true;
}
