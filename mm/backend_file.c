/* SPDX-License-Identifier: MIT */
/* Pages of an object: shared by all that map it, or copied by who writes to a private mapping. */
#include "lib/string.h"
#include "mm/cow.h"
#include "mm/fault.h"
#include "mm/page_cache.h"

static void object_at_hand(const struct vma *vma, vaddr_t va, struct page **pages, unsigned n)
{
	const struct object *object = vma->object;
	uint64_t index = vma_index(vma, va);
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
	memset(&pages[there], 0, (n - there) * sizeof(*pages));
}

static int shared_fill(struct fault *fault)
{
	unsigned rights = RIGHT_READ | RIGHT_EXEC;
	struct page *page;
	int result = object_page(fault->object, fault->index, &page, fault->wait);

	if (fault_is_write(fault))
		rights |= RIGHT_WRITE;
	if (!result)
		fault_give(fault, page, rights);
	return result;
}

static int private_fill(struct fault *fault)
{
	struct page *page;
	int result = object_page(fault->object, fault->index, &page, fault->wait);

	if (result)
		return result;
	if (fault_is_write(fault)) {
		fault->source = page;
		return cow_copy(fault);
	}
	fault_give(fault, page, RIGHT_READ | RIGHT_EXEC);
	return 0;
}

const struct vma_backend vma_object_shared = {
	.name = "object_shared",
	.fill = shared_fill,
	.at_hand = object_at_hand,
};

const struct vma_backend vma_object_private = {
	.name = "object_private",
	.fill = private_fill,
	.at_hand = object_at_hand,
};
