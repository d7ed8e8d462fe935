/* SPDX-License-Identifier: MIT */
/* Pages of objects for faults: from the page cache or the swap cache, or read into it. */
#include "mm/fault/fault_page.h"

#include "abi/errno.h"
#include "mm/object/page_cache.h"
#include "mm/swap/swap_cache.h"

/*
 * A page that is not resident takes two rounds. In the first, fault_need_page() notes object and
 * index. Then fault_read_page() reads the page with no lock held. In the second round the backend
 * finds it resident: the reference of struct fault_prepared keeps it there.
 */

/*
 * References to an object and to the page at index: until it is read, the page that is missing
 * there cannot become another one's. (Only a slot can.)
 */
static void source_get(struct object *object, uint64_t index)
{
	object_get(object);
	if (object == &swap_cache)
		swap_slot_get_locked(index);
}

static void source_put(struct object *object, uint64_t index)
{
	if (object == &swap_cache)
		swap_slot_put(index);
	object_put(object);
}

/* The page is not resident. Returns as fault_need_page(). The caller holds object->lock. */
static enum vm_outcome need_page_of(struct fault *fault, struct object *object, uint64_t index)
{
	const struct fault_prepared *prepared = fault->prepared;

	if (prepared && prepared->refused && prepared->object == object && prepared->index == index)
		return VM_BUS;
	source_get(object, index);
	fault->need.object = object;
	fault->need.index = index;
	return fault_need(fault, FAULT_NEEDS_PAGE);
}

enum vm_outcome fault_need_page(struct fault *fault)
{
	const struct vma_attr *vma = &fault->attr;

	return need_page_of(fault, vma->object, vma_attr_index(vma, fault->va));
}

enum vm_outcome swapped_get(struct fault *fault)
{
	uint64_t slot = entry_swap_slot(fault->entry);

	fault->page = object_page_locked(&swap_cache, slot);
	return fault->page ? VM_OK : need_page_of(fault, &swap_cache, slot);
}

enum vm_outcome fault_read_page(struct fault_prepared *prepared, const struct fault_need *need,
				struct vm_wait *wait)
{
	int result;

	if (prepared->object)
		fault_put_page(prepared);
	prepared->object = need->object;
	prepared->index = need->index;
	prepared->page = NULL;
	prepared->refused = 0;
	if (unlikely(need->what == FAULT_NEEDS_THERE))
		result = object_page_there(need->object, need->index, &prepared->page, wait);
	else
		result = object_page(need->object, need->index, &prepared->page, wait);
	switch (result) {
	case -ENXIO:
	case -EIO:
	case -EDEADLK:
	case -ENOSPC:
		prepared->refused = result; /* VM_BUS, unless the next round needs another page */
		return VM_OK;
	case -ENOENT: /* there is a hole by now: the next round sees it */
		return VM_OK;
	case -ENOMEM:
		return VM_OOM;
	default:
		return result; /* VM_OK or VM_WAIT */
	}
}

void fault_put_page(struct fault_prepared *prepared)
{
	if (prepared->page)
		page_put(prepared->page);
	source_put(prepared->object, prepared->index);
}
