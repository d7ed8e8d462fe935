/* SPDX-License-Identifier: MIT */
/* Between the files of objects: putting pages into an object's index and taking them out. */
#pragma once

#include "mm/object.h"

/* Pages of a size in bytes, without overflow. */
static inline uint64_t object_pages(uint64_t size)
{
	return (size >> PAGE_SHIFT) + ((size & PAGE_MASK) != 0);
}

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

/*
 * Zeros from `from`, at or behind the end, up to `to` in the last page, for those who map it and for a later growth.
 * => size cannot change
 */
void object_zero_tail(struct object *object, uint64_t from, uint64_t to);
