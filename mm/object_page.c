/* SPDX-License-Identifier: MIT */
/* The page at an index of an object: found, or filled and put there. */
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/object_index.h"
#include "mm/page_alloc.h"

bool object_holds_locked(const struct object *object, uint64_t index, const struct page *page)
{
	assert_hardened(spin_lock_held(&object->lock));
	return page->owner == object && page->index == index && index < object_pages(object->size);
}

struct page *object_page_resident(struct object *object, uint64_t index)
{
	struct page *page;

	spin_lock(&object->lock);
	page = radix_find(&object->pages, index);
	if (page)
		page_get(page);
	spin_unlock(&object->lock);
	return page;
}

/* What a look-up found out, for the page that has to be made. */
struct missing {
	uint64_t index;
	uint64_t backed;
	uint64_t truncations;
};

/* 0: *page_ret is there, referenced; 1: it is missing; -ENXIO: beyond the end. */
static int page_find(struct object *object, struct missing *missing, struct page **page_ret)
{
	struct page *page = NULL;
	int result = -ENXIO;

	spin_lock(&object->lock);
	if (missing->index < object_pages(object->size)) {
		page = radix_find(&object->pages, missing->index);
		result = !page;
	}
	if (page) {
		page_get(page);
		*page_ret = page;
	}
	missing->backed = object->backed;
	missing->truncations = object->truncations;
	spin_unlock(&object->lock);
	return result;
}

/* The bytes of a page that fill knows; the rest is zeros. */
static int page_fill(struct object *object, const struct missing *missing, struct page *page,
		     struct vm_wait *wait)
{
	char *bytes = page_address(page);
	uint64_t start = missing->index << PAGE_SHIFT;
	int result;

	if (start >= missing->backed) {
		arch_page_zero(bytes);
		return 0;
	}
	result = object->ops->fill(object, missing->index, bytes, wait);
	if (result == 0 && missing->backed - start < PAGE_SIZE)
		memset(bytes + (missing->backed - start), 0, PAGE_SIZE - (missing->backed - start));
	return result;
}

static int page_make(struct object *object, const struct missing *missing, struct page **page_ret,
		     struct vm_wait *wait)
{
	struct page *page = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);
	int result;

	if (!page)
		return -ENOMEM;
	result = page_fill(object, missing, page, wait);
	if (result) {
		page_put(page);
		return result;
	}
	return object_publish(object, missing->index, page, missing->truncations, 0, page_ret);
}

int object_page(struct object *object, uint64_t index, struct page **page_ret, struct vm_wait *wait)
{
	struct missing missing = { .index = index };
	int result;

	do {
		result = page_find(object, &missing, page_ret);
		if (result == 1)
			result = page_make(object, &missing, page_ret, wait);
	} while (result == -EAGAIN);
	return result;
}
