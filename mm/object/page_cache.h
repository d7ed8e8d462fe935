/* SPDX-License-Identifier: MIT */
/* The page cache: finds, reads, inserts and removes the pages of objects, by index. */
#pragma once

#include "mm/object/object.h"
#include "mm/phys/page_alloc.h"

/* For boot, before there are objects. */
void page_cache_init(void);

/* The number of pages that `size` bytes take. Does not overflow. */
static inline uint64_t object_pages(uint64_t size)
{
	return (size >> PAGE_SHIFT) + ((size & PAGE_MASK) != 0);
}

/*
 * Returns the page at index if it is within the size and resident, else NULL. The caller holds
 * object->lock.
 */
struct page *object_page_locked(const struct object *object, uint64_t index);

/* Is the page still the object's at index, within the size? The caller holds object->lock. */
static inline bool object_has_locked(const struct object *object, uint64_t index,
				     const struct page *page)
{
	assert_hardened(spin_lock_held(&object->lock));
	return page->owner == object && page->index == index && index < object_pages(object->size);
}

/*
 * Gets the page at index, with a reference for the caller. If it is missing, it is read or made of
 * zeros. A thread that needs a page that is being read waits for the same read. Returns 0, VM_WAIT with
 * *wait filled in, -ENXIO beyond the end, -ENOMEM, -EIO, -EDEADLK (object.h), or -ENOSPC if charge()
 * refuses. A read that fails is reported to the threads that have started it or waited for it; a
 * later thread starts another. *wait is as vm_wait_init() or the last call for the same access has
 * left it. Call with no spinning lock held.
 */
int object_page(struct object *object, uint64_t index, struct page **page_ret,
		struct vm_wait *wait);

/* object_page() that makes no page of zeros: -ENOENT where there is a hole. */
int object_page_there(struct object *object, uint64_t index, struct page **page_ret,
		      struct vm_wait *wait);

/*
 * For object_ops.read_page(): the read into the frame of `page` has ended, with 0 or a negative
 * errno. The page enters the index, unless a truncation has cancelled the read. Wakes all threads
 * that wait for the read. After -EAGAIN the first of them starts another read; any other error is
 * returned to each of them. This may drop the last reference to the object. Call with no spinning
 * lock held.
 */
void page_read_done(struct page *page, int result);

/*
 * For object_ops.read_page(), which reads neighbours at once with the page that is asked for: the
 * missing page at index is to be read into the frame of `page`, which no other thread knows yet. The caller
 * reads it, and calls page_read_done(). Returns false if the page is not missing, or if this would
 * take memory. The caller holds object->lock.
 *
 * The page is PAGE_AHEAD from then on. Its first user calls object_page_used().
 */
bool object_read_along(struct object *object, uint64_t index, struct page *page);
void object_page_used(struct page *page);

/* The most pages of the two functions below. */
#define READ_RUN_MAX 32u

/*
 * object_read_along() for up to n pages at consecutive indices, in fewer instructions. They are not
 * PAGE_AHEAD. May take memory for the index, but does not wait for it. Returns how many of them the
 * caller reads: the first ones. Call with no spinning lock held.
 */
unsigned object_read_run(struct object *object, uint64_t index, struct page *const *pages,
			 unsigned n);

/*
 * For object_ops.read_page(): the read of n pages at consecutive indices has ended, and has brought `count` bytes, from the
 * first page's start on. The rest of the last page with bytes is zeroed. There is no page where no byte came: for the first
 * one that is -EIO, and another one is read by itself when a thread needs it. Otherwise as page_read_done().
 */
void page_read_run_end(struct page *const *pages, unsigned n, size_t count);

/* page_read_done(page, 0) for n pages at consecutive indices of an object. */
void page_read_run_done(struct page *const *pages, unsigned n);

/* Returns how many pages are in the indices of objects whose ops say `served`. */
uint64_t page_cache_served(void);

/* Returns the page at index, referenced, if resident, even beyond the size; else NULL. */
struct page *object_page_resident(struct object *object, uint64_t index);

/* object_page_resident() that also says in *swapped_ret whether the page is in swap. */
struct page *object_page_present(struct object *object, uint64_t index, bool *swapped_ret);

/*
 * object_page_resident() for a truncation within the page: also cancels a read of the page, so
 * that bytes that are cut off do not come back. Sets *swapped_ret if the page is in swap: the
 * caller brings it in with object_page() and calls again.
 */
struct page *object_page_cut(struct object *object, uint64_t index, bool *swapped_ret);

/* new_end for a preallocated page beyond the end: the size does not change. */
#define OBJECT_SIZE_SAME UINT64_MAX

/*
 * Inserts the page `fresh` at index. The caller decided this when object->truncations was
 * `truncations`. If new_end is not 0, the page lies at or beyond the end, and the size is raised to
 * new_end at the same time, unless that is OBJECT_SIZE_SAME. Returns 0 with the page that is at
 * index now in *page_ret, referenced for the caller: `fresh`, or another page that was inserted
 * first. Returns -EAGAIN if the object has changed, -ENOMEM or -ENOSPC. `fresh` has one reference,
 * which this function takes over: it frees the page if it was not inserted. Call with no spinning
 * lock held.
 */
int object_publish(struct object *object, uint64_t index, struct page *fresh, uint64_t truncations,
		   uint64_t new_end, struct page **page_ret);

/*
 * Removes the pages [first, last] from the index and drops the object's references, with calls of
 * vm_pause() in between. Pages for which `choose` returns false stay; NULL removes all. `choose` is
 * called with object->lock held. Call with no spinning lock held.
 */
void object_remove(struct object *object, uint64_t first, uint64_t last,
		   bool (*choose)(struct object *object, struct page *page));

/*
 * For files that another client of the server has changed. Removes all clean pages that are not
 * mapped, and cancels reads that are under way; a thread that waits for one starts another. Returns
 * true if no page is left. Calls vm_pause() in between. Call with no spinning lock held.
 */
bool object_remove_unmapped(struct object *object);

/*
 * For holes: removes those of the pages [first, last] that nothing but the index refers to, and
 * those in swap, but only where a missing page is zeros. Calls vm_pause() in between. Call with no
 * spinning lock held.
 */
void object_remove_unused(struct object *object, uint64_t first, uint64_t last);

/*
 * For insertions that must not need memory: adds nodes to `spare` until it has n, and frees all
 * that it has. object_nodes_fill() returns 0 or -ENOMEM.
 */
int object_nodes_fill(struct radix_spare *spare, unsigned n, enum page_alloc_from from);
void object_nodes_free(struct radix_spare *spare);

/*
 * For reclaim: takes a page out of the index, where a mark stays. The caller holds object->lock,
 * and drops the object's reference to the page when it has released that.
 */
void object_drop_page(struct object *object, struct page *page);

/* Is there nothing at the index, which means zeros? The caller holds no spinning lock; of the second, object->lock. */
bool object_is_hole(struct object *object, uint64_t index);
bool object_is_hole_locked(const struct object *object, uint64_t index);

/*
 * For reclaim: removes pages that choose() selects, from object->passed on, as many as one hold of the lock
 * may remove. `marks`: leaves marks by which reclaim knows pages that are read again soon. Returns false at the end of
 * the object, and how many pages were removed in *n_ret.
 */
bool object_reclaim_some(struct object *object,
			 bool (*choose)(struct object *object, struct page *page), bool marks,
			 size_t *n_ret);

/* object_reclaim_some() for the pages from *next_ret to `last`. *next_ret becomes the place to go on from. */
bool object_reclaim_range(struct object *object, uint64_t *next_ret, uint64_t last,
			  bool (*choose)(struct object *object, struct page *page), bool marks,
			  size_t *n_ret);
