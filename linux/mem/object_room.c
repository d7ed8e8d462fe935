/* SPDX-License-Identifier: MIT */
/* The room that an object's bytes take: preallocation, and sizes that another party has set. */
#include "linux/mem/object_room.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/page_age.h"
#include "mm/swap/relieve.h"

/* A page that is added is never seen as zeros: the size and what is read grow in one hold. */
int object_set_backed(struct object *object, uint64_t size)
{
	int result = 0;

	if (size > OBJECT_SIZE_MAX)
		return -EFBIG;
	if (size < object_size(object))
		result = object_set_size(object, size);
	if (result)
		return result;
	spin_lock(&object->lock);
	atomic_store_relaxed(&object->size, size);
	atomic_store_relaxed(&object->backed, size);
	spin_unlock(&object->lock);
	return 0;
}

/* Preallocates a page of zeros beyond the end. */
static int page_preallocate(struct object *object, uint64_t index, struct page **page_ret)
{
	uint64_t truncations = atomic_load_relaxed(&object->truncations);
	struct page *page = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);

	if (!page)
		return -ENOMEM;
	arch_page_zero(page_address(page));
	return object_publish(object, index, page, truncations, OBJECT_SIZE_SAME, page_ret);
}

/*
 * Makes the page at index if it is missing. It stays from then on, although it is all zeros: until
 * the room for all pages has been found, PAGE_PREALLOCATED tells it from those that were written.
 * Returns 0, -ENOSPC (also if memory has run out), -EIO or -EINTR.
 */
static int have_page(struct object *object, uint64_t index)
{
	struct relief relief = { .spare = true };
	struct vm_wait wait;
	struct page *page;
	int result;

	vm_wait_init(&wait);
	do {
		result = object_page(object, index, &page, &wait);
		if (result == -ENXIO)
			result = page_preallocate(object, index, &page);
	} while (wait_and_retry(&result, &wait, &relief));
	if (result)
		return result == -ENOMEM ? -ENOSPC : result;
	if (!page_has(page, PAGE_DIRTY))
		page_set(page, PAGE_PREALLOCATED);
	page_put(page);
	return 0;
}

/*
 * Is the page clean, all zeros and referenced by the index only? Then it may as well be missing.
 * The caller holds object->lock.
 */
static bool is_dispensable(struct object *object, struct page *page)
{
	return page->counts == PAGE_ONE_REF && !page_has(page, PAGE_DIRTY) &&
	       page->index >= object_pages(object->backed);
}

/*
 * Ends the state PAGE_PREALLOCATED of the pages. If they are `wanted`, they are dirty from now on.
 */
static void pages_end(struct object *object, uint64_t first, uint64_t end, bool wanted)
{
	for (uint64_t index = first; index < end; index++) {
		struct page *page = object_page_resident(object, index);

		if (page) {
			if (wanted)
				page_set_dirty(page);
			page_clear(page, PAGE_PREALLOCATED);
			page_put(page);
		}
		(void)vm_pause();
	}
}

static int have_pages(struct object *object, uint64_t first, uint64_t end)
{
	uint64_t index = first;
	int result = 0;

	for (; index < end && !result; index++) {
		result = have_page(object, index);
		if (!result)
			result = vm_pause();
	}
	if (result)
		object_remove(object, first, end - 1, is_dispensable);
	pages_end(object, first, index, !result);
	return result;
}

int object_allocate(struct object *object, uint64_t start, uint64_t end, bool grow)
{
	int result = have_pages(object, start >> PAGE_SHIFT, object_pages(end));

	if (!result && grow && end > object_size(object))
		result = object_set_size(object, end);
	return result;
}
