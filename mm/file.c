/* Pages of an object: shared by all that map it, or copied by who writes to a private mapping. */
#include "mm/cow.h"
#include "mm/fault.h"

static void object_at_hand(const struct vma *vma, vaddr_t va, struct page **pages, unsigned n)
{
	const struct object *object = vma->object;
	uint64_t index = vma_index(vma, va), last = (object->size - 1) >> PAGE_SHIFT;
	void *const *slot = NULL;
	unsigned run = 0;

	assert_hardened(spin_lock_held(&object->lock));
	for (; n; n--, index++) {
		if (run-- == 0) {
			slot = radix_slots(&object->pages, index, &run);
			run--;
		}
		*pages++ = slot && index <= last && object->size ? *slot : NULL;
		slot += slot != NULL;
	}
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
