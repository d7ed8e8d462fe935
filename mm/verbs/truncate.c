/* SPDX-License-Identifier: MIT */
/* Drops the mappings of what a file no longer has: of its end, or of a hole in it; in all spaces. */
#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/object.h"
#include "mm/tlb_gather.h"
#include "mm/verbs.h"

/*
 * Locks go from space to object, but the way here is from object to its VMAs: so the object's lock
 * only finds the first VMA of its list of stale ones, on which a truncation puts all; spaces_lock
 * keeps its space from going away; and under the space's own lock it is looked up again. Who is done
 * goes to the end of the other list, so that no turn walks either, and the order of both together,
 * those that are done first, never changes. A VMA that fork or mremap makes of a stale one is stale
 * too, stands behind it, and is come to after it: what was copied of the original before that goes
 * from the copy too.
 *
 * Several may make holes in one object at once (nobody does while its size is lowered). What one of
 * them has come to the others take as done: pages that stay mapped are zeroed, and no hole needs more.
 */

/* What is dropped: bytes, at pages; of a hole private copies stay. */
struct cut {
	struct object *object;
	uint64_t start, end;
	bool hole;
	/*
	 * Of a hole: where the last piece stopped. (A VMA that has taken another's place meanwhile may
	 * so keep a part: its pages are there still, and are zeroed.)
	 */
	const struct vma *vma;
	vaddr_t resume;
};

/* The first VMA that no truncation has come to; NULL. => object->lock held */
static struct vma *first_stale(struct object *object)
{
	assert_hardened(spin_lock_held(&object->lock));
	if (list_empty(&object->stale))
		return NULL;
	return list_first_entry(&object->stale, struct vma, object_link);
}

/* The same where it is one of this space, whose lock is held. */
static struct vma *first_stale_in(struct object *object, const struct space *space)
{
	struct vma *vma;

	spin_lock(&object->lock);
	vma = first_stale(object);
	if (vma && vma->space != space)
		vma = NULL;
	spin_unlock(&object->lock);
	return vma;
}

static void mark_done(struct object *object, struct vma *vma)
{
	spin_lock(&object->lock);
	vma->truncation = object->truncations;
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

/* Where the VMA shows the first page, below `end`, at or beyond `byte`, which is where a page begins. */
static vaddr_t first_beyond(const struct vma *vma, uint64_t byte, vaddr_t end)
{
	if (byte <= vma->offset)
		return vma->start;
	return byte - vma->offset < end - vma->start ? vma->start + (byte - vma->offset) : end;
}

/* What is left in its tables has to be passed by. => space lock held; where it stopped */
static vaddr_t zap_hole(struct gather *gather, struct cut *cut, const struct vma *vma, vaddr_t from,
			vaddr_t end)
{
	if (cut->vma == vma && cut->resume > from)
		from = MIN(cut->resume, end);
	cut->vma = vma;
	cut->resume = gather_zap_shown(gather, vma, from, end);
	return cut->resume;
}

/* A piece of one VMA. => space lock held */
static void truncate_piece(struct gather *gather, struct cut *cut)
{
	struct vma *vma = first_stale_in(cut->object, gather->space);
	vaddr_t from, reached, end;

	if (!vma)
		return;
	end = first_beyond(vma, cut->end, end_of_object(vma));
	from = first_beyond(vma, cut->start, end);
	if (cut->hole) {
		reached = zap_hole(gather, cut, vma, from, end);
	} else {
		reached = gather_zap(gather, vma, from, end);
		gather_prune(gather, from, reached);
	}
	gather_fence(gather);
	debt_assert_none(gather->space);
	if (reached != end)
		return;
	mark_done(cut->object, vma);
	cut->vma = NULL;
}

/* => false: no mapping is left that no truncation has come to */
static bool truncate_some(struct cut *cut)
{
	struct object *object = cut->object;
	struct gather gather;
	struct vma *vma;

	spin_lock(&spaces_lock);
	spin_lock(&object->lock);
	vma = first_stale(object);
	if (vma)
		gather_init(&gather, vma->space);
	spin_unlock(&object->lock);
	if (vma) {
		spin_lock(&gather.space->lock);
		truncate_piece(&gather, cut);
		spin_unlock(&gather.space->lock);
	}
	spin_unlock(&spaces_lock);
	if (vma)
		gather_free(&gather);
	return vma != NULL;
}

static void truncate(struct cut *cut)
{
	struct object *object = cut->object;

	spin_lock(&object->lock);
	object->truncations++;
	list_splice_tail(&object->vmas, &object->stale);
	list_splice_tail(&object->stale, &object->vmas);
	spin_unlock(&object->lock);
	while (truncate_some(cut))
		(void)vm_pause();
}

void vm_truncate(struct object *object, uint64_t start)
{
	struct cut cut = { .object = object, .start = start, .end = OBJECT_SIZE_MAX + 1 };

	truncate(&cut);
}

void vm_truncate_hole(struct object *object, uint64_t start, uint64_t end)
{
	struct cut cut = { .object = object, .start = start, .end = end, .hole = true };

	truncate(&cut);
}
