/* SPDX-License-Identifier: MIT */
/* The page cache: the pages of objects by index; found, filled, put there and taken out. */
#pragma once

#include "mm/object.h"

/* Pages of a size in bytes, without overflow. */
static inline uint64_t object_pages(uint64_t size)
{
	return (size >> PAGE_SHIFT) + ((size & PAGE_MASK) != 0);
}

/* The page at index, within the size, if it is there now; NULL. => object->lock held */
struct page *object_page_locked(const struct object *object, uint64_t index);

/* Is the page still the object's at index, within the size? => object->lock held */
static inline bool object_has_locked(const struct object *object, uint64_t index,
				     const struct page *page)
{
	assert_hardened(spin_lock_held(&object->lock));
	return page->owner == object && page->index == index && index < object_pages(object->size);
}

/*
 * The page at index with a reference for the caller, filled if need be. 0; VM_WAIT; -ENXIO beyond
 * the end; -ENOMEM; -EIO; -ENOSPC where charge() refuses.
 * => no spinning lock held
 */
int object_page(struct object *object, uint64_t index, struct page **page_ret,
		struct vm_wait *wait);

/* The page at index if it is there now, referenced; NULL. */
struct page *object_page_resident(struct object *object, uint64_t index);

/* For object_publish(): a page beyond the end, which the size does not follow. */
#define OBJECT_KEPT UINT64_MAX

/*
 * Puts a fresh page at index: decided when object->truncations was `truncations`. With new_end not
 * 0 the page lies at or beyond the end, and the size becomes new_end with it, unless that is OBJECT_KEPT. 0: *page_ret is the
 * page that is there now, referenced for the caller: fresh itself, or, where another was quicker,
 * that one, and fresh is freed. -EAGAIN, -ENOMEM, -ENOSPC: fresh is freed.
 * => no spinning lock held; fresh has one reference, which it takes over
 */
int object_publish(struct object *object, uint64_t index, struct page *fresh, uint64_t truncations,
		   uint64_t new_end, struct page **page_ret);

/*
 * Takes pages of [first, last] out of the index and gives the object's references back, in pieces
 * with pauses; those for which `choose` says no stay (NULL: none stays). choose: => object->lock
 * held
 */
void object_remove(struct object *object, uint64_t first, uint64_t last,
		   bool (*choose)(struct object *object, struct page *page));
