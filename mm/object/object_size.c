/* SPDX-License-Identifier: MIT */
/* The size of an object and the room its bytes take: truncation, holes. */
#include "mm/object/object_size.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/object/object_io.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/vma.h"
#include "mm/swap/page_age.h"
#include "mm/swap/relieve.h"
#include "mm/verbs.h"

/*
 * Gets the page if there is one in memory or in swap: while it is referenced, it stays. *page_ret
 * is NULL if there is none. Returns 0 or a negative errno.
 */
static int page_hold(struct object *object, uint64_t index, struct page **page_ret)
{
	bool swapped;

	*page_ret = object_page_present(object, index, &swapped);
	return swapped ? object_page_wait(object, index, page_ret, true) : 0;
}

int object_zero_tail(struct object *object, uint64_t from, uint64_t to)
{
	size_t offset = from & PAGE_MASK;
	bool swapped = false;
	struct page *page;
	int result = 0;

	if (!offset || to <= from)
		return 0;
	page = object_page_cut(object, from >> PAGE_SHIFT, &swapped);
	if (swapped)
		result = page_hold(object, from >> PAGE_SHIFT, &page);
	if (result || !page)
		return result;
	memset((char *)page_address(page) + offset, 0, MIN(to - from, PAGE_SIZE - offset));
	page_put(page);
	return 0;
}

/*
 * Sets the size. Returns true if pages have to be removed. Preallocated pages beyond the end stay
 * only if the size is raised.
 */
static bool size_change(struct object *object, uint64_t size)
{
	bool cuts;

	spin_lock(&object->lock);
	cuts = size < object->size;
	if (size == object->size)
		cuts = object->prealloc_end > object_pages(size);
	atomic_store_relaxed(&object->size, size);
	if (cuts) {
		object->backed = MIN(object->backed, size);
		object->truncations++;
		object->prealloc_end = 0;
	}
	spin_unlock(&object->lock);
	return cuts;
}

static bool is_mapped(struct object *object)
{
	bool mapped;

	spin_lock(&object->lock);
	mapped = object_is_mapped_locked(object);
	spin_unlock(&object->lock);
	return mapped;
}

/* The size comes first, so that no new page appears beyond it; then the index, then the maps. */
static int object_cut(struct object *object, uint64_t size)
{
	int result;

	if (!size_change(object, size))
		return 0;
	result = object_zero_tail(object, size, UINT64_MAX);
	object_remove(object, object_pages(size), UINT64_MAX, NULL);
	if (is_mapped(object))
		vm_truncate(object, ALIGN_UP(size, PAGE_SIZE));
	return result;
}

/* What may fail comes first: the last page, a part of which is zeroed, may be in swap. */
int object_set_size(struct object *object, uint64_t size)
{
	struct page *last = NULL;
	int result = 0;

	if (size > OBJECT_SIZE_MAX)
		return -EFBIG;
	if (size & PAGE_MASK && size <= object_size(object))
		result = page_hold(object, size >> PAGE_SHIFT, &last);
	if (!result)
		result = object_cut(object, size);
	if (last)
		page_put(last);
	return result;
}

/* Returns the first page from `index` on that may have bytes other than zeros, or UINT64_MAX. */
static uint64_t next_written(struct object *object, uint64_t index, uint64_t last)
{
	uint64_t next = index;

	spin_lock(&object->lock);
	if (index >= object_pages(object->backed) && !radix_next(&object->pages, &next, last))
		next = UINT64_MAX;
	spin_unlock(&object->lock);
	return next;
}

/* Removes pages [first, stop), except those that are in use at the moment. */
static void punch_pages(struct object *object, uint64_t first, uint64_t stop)
{
	if (first >= stop)
		return;
	if (is_mapped(object))
		vm_truncate_hole(object, first << PAGE_SHIFT, stop << PAGE_SHIFT);
	object_remove_unused(object, first, stop - 1);
}

int object_punch(struct object *object, uint64_t start, uint64_t end)
{
	uint64_t size = object_size(object), last;
	int result = object_zero_tail(object, MAX(start, size), end);

	if (result)
		return result;
	punch_pages(object, object_pages(start), end >> PAGE_SHIFT);
	end = MIN(end, size);
	if (start >= end)
		return 0;
	last = (end - 1) >> PAGE_SHIFT;
	for (uint64_t at = start >> PAGE_SHIFT; at <= last; at++) {
		uint64_t from, to;
		ssize_t went;

		at = next_written(object, at, last);
		if (at > last)
			break;
		from = MAX(start, at << PAGE_SHIFT);
		to = MIN(end, (at + 1) << PAGE_SHIFT);
		went = object_write_kernel(object, from, page_address(zero_page), to - from);
		/* -ENOSPC is no error: the page is a hole now, which reads as zeros. */
		if (went < 0 && went != -ENOSPC)
			return (int)went;
		(void)vm_pause();
	}
	return 0;
}
