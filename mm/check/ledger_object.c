/* SPDX-License-Identifier: MIT */
/* The ledger's walk over all objects: indices against pages, mappings against VMAs. */
#include "mm/check/ledger_walk.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/space/commit.h"
#include "mm/space/vma.h"
#include "mm/swap/swap_cache.h"

static bool is_kind_of(const struct object *object, const struct page *page)
{
	if (object == &swap_cache)
		return page_kind(page) == PAGE_ANON;
	return page_kind(page) == PAGE_OBJECT ||
	       (page_kind(page) == PAGE_DEVICE && object->ops->unevictable);
}

static void check_page(struct ledger_walk *walk, const struct object *object, uint64_t index,
		       struct page *page)
{
	if (page_has(page, PAGE_READING))
		ledger_error(walk, "object %s: page %lu is still being read", object->ops->name,
			     (unsigned long)index);
	ledger_found(walk, page, PAGE_ONE_REF);
	if (!is_kind_of(object, page) || page->owner != object || page->index != index)
		ledger_error(walk, "object %s: page %lu of its index says (kind %u) it is page %lu",
			     object->ops->name, (unsigned long)index, page_kind(page),
			     (unsigned long)page->index);
	if (index >= MAX(object_pages(object->size), object->prealloc_end))
		ledger_error(walk, "object %s: page %lu is beyond its end", object->ops->name,
			     (unsigned long)index);
}

/* The page at the index is in swap: counts the index's reference to the slot. */
static void ledger_object_check_swapped(struct ledger_walk *walk, const struct object *object,
					uint64_t index, uint64_t slot)
{
	if (slot >= swap_total())
		ledger_error(walk, "object %s: page %lu of its index: there is no slot %lu",
			     object->ops->name, (unsigned long)index, (unsigned long)slot);
	else
		swap_slot_count(slot, walk->delta);
}

/* Adds to *nwritable and *ncharged how many VMAs of the list can write to the object and are charged. */
static void check_maps(struct ledger_walk *walk, const struct object *object,
		       const struct list *maps, size_t *nwritable, size_t *ncharged)
{
	struct vma *vma;

	list_for_each_entry(vma, maps, object_link) {
		if (vma->object != object)
			ledger_error(walk, "object %s: a VMA on its list maps another",
				     object->ops->name);
		*nwritable += vma_writes_object(vma);
		*ncharged += vma == object->charged;
	}
}

static void check_object(struct ledger_walk *walk, struct object *object)
{
	void *held;
	uint64_t index;
	size_t npages = 0, numbers = 0, nswapped = 0, charged = 0, npinned = 0, nwritable = 0;
	size_t ncharged = 0;

	radix_for_each_range(held, index, &object->pages, 0, UINT64_MAX)
	{
		if (index_is_page(held)) {
			check_page(walk, object, index, held);
			npages++;
			charged += page_has(held, PAGE_CHARGED);
			npinned += object != &swap_cache && page_pins(held) != 0;
		} else {
			struct index_entry entry = index_entry_of(held);

			numbers++;
			if (index_entry_state(entry) == INDEX_SWAPPED) {
				nswapped++;
				charged += index_entry_is_charged(entry);
				ledger_object_check_swapped(walk, object, index,
							    index_entry_slot(entry));
			}
		}
		if (index == UINT64_MAX)
			break;
	}
	if (npages != object->npages || npages + numbers != object->pages.count ||
	    nswapped != object->nswapped)
		ledger_error(walk, "object %s: %lu pages found, %lu counted", object->ops->name,
			     (unsigned long)npages, (unsigned long)object->npages);
	if (npinned != object->npinned)
		ledger_error(walk, "object %s: %lu pinned pages found, %lu counted",
			     object->ops->name, (unsigned long)npinned,
			     (unsigned long)object->npinned);
	if (!walk->delta && object->ops->lost)
		walk->lost += npages;
	if (!walk->delta)
		walk->committed += object_committed_pages(object) + (commit_account ? charged : 0);
	check_maps(walk, object, &object->vmas, &nwritable, &ncharged);
	check_maps(walk, object, &object->stale, &nwritable, &ncharged);
	if (nwritable != object->nwritable)
		ledger_error(walk, "object %s: %lu writable maps found, %lu counted",
			     object->ops->name, (unsigned long)nwritable,
			     (unsigned long)object->nwritable);
	if (ncharged != (object->charges_spaces && object_is_mapped_locked(object)))
		ledger_error(walk, "object %s: %lu of its VMAs are charged", object->ops->name,
			     (unsigned long)ncharged);
}

void ledger_walk_objects(struct ledger_walk *walk)
{
	for (struct object *object = object_next(NULL); object; object = object_next(object)) {
		spin_lock(&object->lock);
		check_object(walk, object);
		spin_unlock(&object->lock);
	}
}
