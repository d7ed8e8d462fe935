/* SPDX-License-Identifier: MIT */
/* The size of an object: what a truncation takes away, and in which order. */
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/object_index.h"
#include "mm/verbs.h"

void object_zero_tail(struct object *object, uint64_t from, uint64_t to)
{
	size_t offset = from & PAGE_MASK;
	struct page *page;

	if (!offset || to <= from)
		return;
	page = object_page_resident(object, from >> PAGE_SHIFT);
	if (!page)
		return;
	memset((char *)page_address(page) + offset, 0, MIN(to - from, PAGE_SIZE - offset));
	page_put(page);
}

/* Lowers or raises the size: true where pages have to go. What was had beyond the end stays only if it is raised. */
static bool size_change(struct object *object, uint64_t size)
{
	bool cuts;

	spin_lock(&object->lock);
	cuts = size < object->size;
	if (size == object->size)
		cuts = object->kept > object_pages(size);
	atomic_store_relaxed(&object->size, size);
	if (cuts) {
		object->backed = MIN(object->backed, size);
		object->truncations++;
		object->kept = 0;
	}
	spin_unlock(&object->lock);
	return cuts;
}

/* Size first, so that nothing new comes beyond it; then the index; then the maps. */
int object_set_size(struct object *object, uint64_t size)
{
	bool mapped;

	if (size > OBJECT_SIZE_MAX)
		return -EFBIG;
	if (!size_change(object, size))
		return 0;
	object_zero_tail(object, size, UINT64_MAX);
	object_remove(object, object_pages(size), UINT64_MAX, NULL);
	spin_lock(&object->lock);
	mapped = object_is_mapped_locked(object);
	spin_unlock(&object->lock);
	if (mapped)
		vm_truncate(object, ALIGN_UP(size, PAGE_SIZE));
	return 0;
}
