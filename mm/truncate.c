/* Drops the mappings of what a file no longer has, in all spaces. */
#include "mm/debt.h"
#include "mm/gather.h"
#include "mm/host.h"
#include "mm/object.h"
#include "mm/verbs.h"

/*
 * Locks go from space to object, but the way here is from object to its VMAs: so the object's lock
 * only finds a VMA that this truncation has not come to yet; spaces_lock keeps its space from going
 * away; and under the space's own lock it is looked up again. Who is done goes to the end of the
 * object's list. A VMA that fork makes stands behind its original, and is come to after it: what
 * fork copied of the original before that goes from the copy too.
 */

/* => object->lock held; space NULL: any */
static struct vma *find_stale(struct object *object, const struct space *space, uint64_t truncation)
{
	struct vma *vma;

	list_for_each_entry(vma, &object->vmas, object_link) {
		if (vma->truncation < truncation && (!space || vma->space == space))
			return vma;
	}
	return NULL;
}

static struct vma *find_stale_in(struct object *object, const struct space *space,
				 uint64_t truncation)
{
	struct vma *vma;

	spin_lock(&object->lock);
	vma = find_stale(object, space, truncation);
	spin_unlock(&object->lock);
	return vma;
}

static void mark_done(struct object *object, struct vma *vma, uint64_t truncation)
{
	spin_lock(&object->lock);
	vma->truncation = truncation;
	list_del(&vma->object_link);
	list_add_tail(&object->vmas, &vma->object_link);
	spin_unlock(&object->lock);
}

/* Where the VMA stops to show the object: behind a segment's file there is only memory. */
static vaddr_t end_of_object(const struct vma *vma)
{
	vaddr_t end = ALIGN_UP(vma->file_end, PAGE_SIZE);

	return vma->file_end && end < vma->end ? MAX(end, vma->start) : vma->end;
}

/* Where the VMA shows the first page, below `end`, that lies wholly at or beyond `start` bytes. */
static vaddr_t first_beyond(const struct vma *vma, uint64_t start, vaddr_t end)
{
	uint64_t byte = ALIGN_UP(start, PAGE_SIZE);

	if (byte <= vma->offset)
		return vma->start;
	return byte - vma->offset < end - vma->start ? vma->start + (byte - vma->offset) : end;
}

/* A piece of one VMA. => space lock held */
static void truncate_piece(struct gather *gather, struct object *object, uint64_t start,
			   uint64_t truncation)
{
	struct vma *vma = find_stale_in(object, gather->space, truncation);
	vaddr_t from, reached, end;

	if (!vma)
		return;
	end = end_of_object(vma);
	from = first_beyond(vma, start, end);
	reached = gather_zap(gather, vma, from, end);
	gather_prune(gather, from, reached);
	gather_fence(gather);
	debt_assert_none(gather->space);
	if (reached == end)
		mark_done(object, vma, truncation);
}

/* => false: no mapping is left that this truncation has not come to */
static bool truncate_some(struct object *object, uint64_t start, uint64_t truncation)
{
	struct gather gather;
	struct vma *vma;

	spin_lock(&spaces_lock);
	spin_lock(&object->lock);
	vma = find_stale(object, NULL, truncation);
	if (vma)
		gather_init(&gather, vma->space);
	spin_unlock(&object->lock);
	if (vma) {
		spin_lock(&gather.space->lock);
		truncate_piece(&gather, object, start, truncation);
		spin_unlock(&gather.space->lock);
	}
	spin_unlock(&spaces_lock);
	if (vma)
		gather_free(&gather);
	return vma != NULL;
}

void vm_truncate(struct object *object, uint64_t start)
{
	uint64_t truncation;

	spin_lock(&object->lock);
	truncation = ++object->truncations;
	spin_unlock(&object->lock);
	while (truncate_some(object, start, truncation))
		(void)vm_pause();
}
