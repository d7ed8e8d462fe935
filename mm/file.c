/* Pages of an object: shared by all that map it, or copied by who writes to a private mapping. */
#include "mm/cow.h"
#include "mm/fault.h"

static struct page *object_at_hand(const struct vma *vma, vaddr_t va)
{
	struct object *object = vma->object;
	uint64_t index = vma_index(vma, va);
	struct page *page = radix_find(&object->pages, index);

	assert_hardened(spin_lock_held(&object->lock));
	return page && object_holds_locked(object, index, page) ? page : NULL;
}

static int shared_fill(struct fault *fault)
{
	fault->page_rights = RIGHT_READ | RIGHT_EXEC;
	if (fault_is_write(fault))
		fault->page_rights |= RIGHT_WRITE;
	return object_page(fault->object, fault->index, &fault->page, fault->wait);
}

static int private_fill(struct fault *fault)
{
	struct page **page = fault_is_write(fault) ? &fault->source : &fault->page;
	int result = object_page(fault->object, fault->index, page, fault->wait);

	fault->page_rights = RIGHT_READ | RIGHT_EXEC;
	if (result || !fault_is_write(fault))
		return result;
	return cow_copy(fault);
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
