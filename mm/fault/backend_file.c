/* SPDX-License-Identifier: MIT */
/* Pages of an object: shared by all that map it, or copied on a write to a private mapping. */
#include "lib/string.h"
#include "mm/fault/fault.h"
#include "mm/fault/zero_page.h"
#include "mm/object/page_cache.h"

static void object_resident(const struct vma_attr *vma, vaddr_t va, struct page **pages, unsigned n)
{
	const struct object *object = vma->object;
	uint64_t index = vma_attr_index(vma, va);
	uint64_t end = ALIGN_UP(object->size, PAGE_SIZE) >> PAGE_SHIFT;
	unsigned there = index < end ? (unsigned)MIN(end - index, n) : 0, run;

	assert_hardened(spin_lock_held(&object->lock));
	for (unsigned i = 0; i < there; i += run) {
		void *const *slots = radix_slots(&object->pages, index + i, &run);

		run = MIN(run, there - i);
		if (slots)
			memcpy(&pages[i], slots, run * sizeof(*pages));
		else
			memset(&pages[i], 0, run * sizeof(*pages));
	}
	if (there < n)
		memset(&pages[there], 0, (n - there) * sizeof(*pages));
}

/* The pages of the window from `start` on, under the object's lock: as a rule those that its index has, where they are. */
static struct page *const *resident_around(struct fault *fault, vaddr_t start, unsigned n)
{
	const struct vma_attr *vma = &fault->attr;
	uint64_t index = vma_attr_index(vma, start);
	unsigned run;

	if (vma->backend->resident == object_resident && index % RADIX_SLOTS + n <= RADIX_SLOTS &&
	    index + n <= object_pages(vma->object->size)) {
		void *const *slots = radix_slots(&vma->object->pages, index, &run);

		if (slots)
			return (struct page *const *)slots;
	}
	vma->backend->resident(vma, start, fault->gathered, n);
	return fault->gathered;
}

/* A read: maps the resident neighbours as well (fault-around). */
static enum vm_outcome get_around(struct fault *fault)
{
	const struct vma_attr *vma = &fault->attr;
	vaddr_t window = ALIGN_DOWN(fault->va, FAULT_AROUND * PAGE_SIZE);
	vaddr_t start = MAX(window, vma->start);
	vaddr_t end = MIN(window + FAULT_AROUND * PAGE_SIZE, vma->end);

	fault->window = start;
	fault->npages = (unsigned)((end - start) >> PAGE_SHIFT);
	fault->pages = resident_around(fault, start, fault->npages);
	fault->page = fault->pages[(fault->va - start) >> PAGE_SHIFT];
	if (fault->page == zero_page)
		return zero_page_get(fault);
	return index_is_page(fault->page) ? VM_OK : fault_need_page(fault);
}

static enum vm_outcome shared_get(struct fault *fault)
{
	const struct vma_attr *vma = &fault->attr;

	if (!fault_is_write(fault))
		return get_around(fault);
	fault->page = object_page_locked(vma->object, vma_attr_index(vma, fault->va));
	return fault->page ? object_may_store(vma->object, fault->wait) : fault_need_page(fault);
}

/* A write to a page that is not mapped yet resolves FILL and COW in one fault. */
static enum vm_outcome private_get(struct fault *fault)
{
	const struct object *object = fault->attr.object;
	uint64_t index = vma_attr_index(&fault->attr, fault->va);
	struct page *page;

	if (!fault_is_write(fault))
		return get_around(fault);
	page = fault->prepared ? fault->prepared->copy.source.page : NULL;
	if (!page || !object_has_locked(object, index, page)) /* cheaper than a look-up */
		page = object_page_locked(object, index);
	if (unlikely(!page))
		return fault_need_page(fault);
	return fault_get_copy(fault, page_to_pfn(page), PAGE_SIZE);
}

const struct vma_backend vma_object_shared = {
	.name = "object_shared",
	.get = shared_get,
	.resident = object_resident,
};

const struct vma_backend vma_object_private = {
	.name = "object_private",
	.get = private_get,
	.resident = object_resident,
};
