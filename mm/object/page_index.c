/* SPDX-License-Identifier: MIT */
/* The transitions of an index of the page cache, with the object's counts. */
#include "mm/object/page_index.h"

#include "mm/object/object_charge.h"
#include "mm/object/page_cache.h"
#include "mm/swap/reclaim.h"

/* ---- the numbers of the states that hold no page ---- */

static inline void *reading_number(const struct page *page)
{
	return (void *)(uintptr_t)(page_to_pfn(page) << 2 | INDEX_READING);
}

static inline void *failed_number(void)
{
	return (void *)(uintptr_t)INDEX_FAILED;
}

static inline void *dropped_number(uint64_t stamp)
{
	return (void *)(uintptr_t)(stamp << 2 | INDEX_DROPPED);
}

/* Slot 0 is never used, so that the number is not 0. */
static inline void *swapped_number(uint64_t slot, bool charged)
{
	return (void *)(uintptr_t)(slot << 3 | (uint64_t)charged << 2 | INDEX_SWAPPED);
}

/* ---- counts ---- */

static uint64_t nserved; /* pages of objects whose ops say `served`; atomic */

uint64_t page_cache_served(void)
{
	return counter_read(&nserved);
}

static inline void count_resident(struct object *object, ssize_t delta)
{
	object->npages += (size_t)delta;
	object_charge(object, delta);
	if (unlikely(object->ops->served))
		counter_add(&nserved, (size_t)delta);
}

static inline void count_swapped(struct object *object, ssize_t delta)
{
	object->nswapped += (size_t)delta;
	object_charge(object, delta);
}

/* ---- transitions ---- */

/* Puts a page or a number at an index that holds neither a page nor a reference. */
static inline void fill_index(struct object *object, uint64_t index, struct index_entry entry,
			      void *what, struct radix_spare *spare)
{
	assert_hardened(index_entry_is_free(entry));
	if (entry.word) {
		void *before = radix_replace(&object->pages, index, what);

		assert_hardened(before == (void *)entry.word);
		(void)before;
	} else {
		radix_insert(&object->pages, index, what, spare);
	}
}

void index_insert(struct object *object, uint64_t index, struct index_entry entry,
		  struct page *page, struct radix_spare *spare)
{
	page->owner = object;
	page->index = index;
	page_get(page);
	fill_index(object, index, entry, page, spare);
	count_resident(object, 1);
}

static inline void page_begin_read(struct object *object, uint64_t index, struct page *page)
{
	assert_hardened(!page_has(page, PAGE_READING));
	page->owner = object;
	page->index = index;
	page_set(page, PAGE_READING);
}

void index_read_begin(struct object *object, uint64_t index, struct index_entry entry,
		      struct page *page, struct radix_spare *spare)
{
	page_begin_read(object, index, page);
	object_get(object);
	fill_index(object, index, entry, reading_number(page), spare);
}

unsigned index_read_begin_run(struct object *object, uint64_t index, struct page *const *pages,
			      unsigned n)
{
	void *numbers[READ_RUN_MAX];

	assert_hardened(spin_lock_held(&object->lock) && n <= READ_RUN_MAX);
	for (unsigned i = 0; i < n; i++)
		numbers[i] = reading_number(pages[i]);
	n = radix_insert_run(&object->pages, index, numbers, n);
	for (unsigned i = 0; i < n; i++)
		page_begin_read(object, index + i, pages[i]);
	if (n)
		object_get_many(object, n);
	return n;
}

static inline void page_end_read(const struct object *object, struct page *page)
{
	assert_hardened(page_has(page, PAGE_READING) && page->owner == object);
	page_clear(page, PAGE_READING);
}

uint32_t index_read_done(struct object *object, struct page *const *pages, unsigned n)
{
	uint64_t index = pages[0]->index;
	uint32_t cancelled = 0;
	unsigned here;
	size_t came = 0;

	assert_hardened(spin_lock_held(&object->lock));
	for (unsigned i = 0; i < n; i += here) {
		void **slots = radix_slots_to_replace(&object->pages, index + i, &here);

		here = MIN(here, n - i);
		for (unsigned k = 0; k < here; k++) {
			struct page *page = pages[i + k];

			page_end_read(object, page);
			if (slots && slots[k] == reading_number(page)) {
				slots[k] = page;
				came++;
			} else {
				cancelled |= 1u << (i + k);
			}
		}
	}
	if (came)
		count_resident(object, (ssize_t)came);
	return cancelled;
}

void index_read_fail(struct object *object, struct page *page)
{
	page_end_read(object, page);
	if (radix_find(&object->pages, page->index) == reading_number(page))
		radix_replace(&object->pages, page->index, failed_number());
}

void index_read_undo(struct object *object, struct page *page, struct index_entry entry,
		     struct radix_spare *freed)
{
	page_end_read(object, page);
	assert_hardened(index_entry_is_free(entry));
	if (radix_find(&object->pages, page->index) != reading_number(page))
		return;
	if (entry.word)
		radix_replace(&object->pages, page->index, (void *)entry.word);
	else
		radix_remove(&object->pages, page->index, freed);
}

/* Puts another page or number in the place of a page or of a slot's number. */
static inline void replace_held(struct object *object, uint64_t index, enum index_state from,
				void *what)
{
	void *before = radix_replace(&object->pages, index, what);

	assert_hardened(index_entry_state(index_entry_of(before)) == from);
	(void)before, (void)from;
}

void index_drop(struct object *object, struct page *page)
{
	assert_hardened(!page_has(page, PAGE_DIRTY | PAGE_WRITING));
	replace_held(object, page->index, INDEX_PAGE, dropped_number(reclaim_stamp()));
	count_resident(object, -1);
}

void index_swap_out(struct object *object, uint64_t index, uint64_t slot, bool charged)
{
	replace_held(object, index, INDEX_PAGE, swapped_number(slot, charged));
	count_resident(object, -1);
	count_swapped(object, 1);
}

void index_swap_in(struct object *object, uint64_t index, struct page *page)
{
	replace_held(object, index, INDEX_SWAPPED, page);
	page->owner = object;
	page->index = index;
	count_swapped(object, -1);
	count_resident(object, 1);
}

struct index_entry index_remove(struct object *object, uint64_t index, struct radix_spare *freed)
{
	struct index_entry before;

	assert_hardened(spin_lock_held(&object->lock));
	before = index_entry_of(radix_remove(&object->pages, index, freed));
	if (index_entry_state(before) == INDEX_PAGE)
		count_resident(object, -1);
	else if (index_entry_state(before) == INDEX_SWAPPED)
		count_swapped(object, -1);
	return before;
}

void index_move(struct object *object, struct page *page, uint64_t to, struct radix_spare *nodes)
{
	void *before;

	radix_insert(&object->pages, to, page, nodes);
	before = radix_remove(&object->pages, page->index, nodes);
	assert_hardened(spin_lock_held(&object->lock) && before == page);
	(void)before;
	page->index = to;
}
