/* SPDX-License-Identifier: MIT */
/* Removes the entries for a part of an object from all spaces, or takes write permission from them. */
#include "mm/check/fence_debt.h"
#include "mm/host.h"
#include "mm/object/object.h"
#include "mm/space/tlb_gather.h"
#include "mm/verbs.h"

/*
 * A space's lock is taken before an object's, but a truncation has to go from the object to the
 * VMAs that map it. It puts all of them on the object's list `stale`. Then it takes the first one,
 * finds its space under the object's lock, and keeps it: until then, spaces_lock has it stay. It
 * looks the VMA up again under the space's lock. A VMA that is done goes to the end of the list
 * `vmas`, so that no list has to be searched. The order of the VMAs in `vmas` followed by `stale`
 * never changes.
 *
 * If fork or mremap copies a VMA that is stale, the copy is stale too. It stands behind the
 * original and is truncated after it, so that entries that were copied too early are removed from
 * the copy.
 *
 * Several threads may make holes in one object at the same time (but none while its size is
 * lowered). A VMA that one of them has finished is finished for all: the pages of a hole that are
 * still mapped are zeroed, and a hole needs no more than that. A caller of
 * vm_protect_object() ensures that no other thread visits the object's VMAs at the same time.
 */

/* What becomes of the entries for the bytes [start, end), page-aligned. */
struct cut {
	struct object *object;
	uint64_t start, end;
	enum {
		CUT_END,  /* they are removed */
		CUT_HOLE, /* those of the object's pages are removed; private copies stay */
		CUT_WRITE /* those of shared mappings cannot be written through */
	} how;
	/*
	 * Not for CUT_END: the VMA of the last piece, and where that stopped. `vma` is only compared. It may
	 * have been freed and another VMA made in its place; then the start of that one is skipped. For
	 * CUT_HOLE this is harmless: the pages stay mapped, and are zeroed. CUT_WRITE has no second piece,
	 * because one piece covers the 32 pages that it is used for.
	 */
	const struct vma *vma;
	vaddr_t resume;
};

/* Returns the first VMA that is not yet truncated, or NULL. The caller holds object->lock. */
static struct vma *first_stale(struct object *object)
{
	assert_hardened(spin_lock_held(&object->lock));
	if (list_empty(&object->stale))
		return NULL;
	return list_first_entry(&object->stale, struct vma, object_link);
}

/* Returns first_stale(), or NULL if that VMA is in another space. The caller holds the lock of `space`. */
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

/* Returns where the VMA's pages of the object end: in an ELF segment zeros follow them. */
static vaddr_t end_of_object(const struct vma *vma)
{
	vaddr_t end = ALIGN_UP(vma->file_end, PAGE_SIZE);

	if (vma->backend != &vma_elf)
		return vma->end;
	return end < vma->end ? MAX(end, vma->start) : vma->end;
}

/* Returns where the VMA begins to show the object from `byte`, page-aligned, on; at most `end`. */
static vaddr_t first_beyond(const struct vma *vma, uint64_t byte, vaddr_t end)
{
	if (byte <= vma->offset)
		return vma->start;
	return byte - vma->offset < end - vma->start ? vma->start + (byte - vma->offset) : end;
}

/*
 * Visits a piece from where the last one stopped: of a hole, the private copies before that are still
 * in the page tables, and so are entries that cannot be written through any more; they would use up
 * this piece too. Returns where it stopped. The caller holds the space's lock.
 */
static vaddr_t truncate_go_on(struct gather *gather, struct cut *cut, const struct vma *vma,
			      vaddr_t from, vaddr_t end)
{
	if (cut->vma == vma && cut->resume > from)
		from = MIN(cut->resume, end);
	cut->vma = vma;
	if (cut->how == CUT_HOLE)
		cut->resume = gather_zap_shown(gather, vma, from, end);
	else
		cut->resume = gather_downgrade(gather, vma, from, end, ~VM_PROT_WRITE);
	return cut->resume;
}

/* Clears a piece of one VMA. The caller holds the space's lock. */
static void truncate_piece(struct gather *gather, struct cut *cut)
{
	struct vma *vma = first_stale_in(cut->object, gather->space);
	vaddr_t from, reached, end;

	if (!vma)
		return;
	end = first_beyond(vma, cut->end, end_of_object(vma));
	from = first_beyond(vma, cut->start, end);
	if (cut->how == CUT_END) {
		reached = gather_zap(gather, vma, from, end);
		gather_prune(gather, from, reached);
	} else if (cut->how == CUT_WRITE && !vma_writes_object(vma)) {
		reached = end;
	} else {
		reached = truncate_go_on(gather, cut, vma, from, end);
	}
	gather_fence(gather);
	debt_assert_none(gather->space);
	if (reached != end)
		return;
	mark_done(cut->object, vma);
	cut->vma = NULL;
}

/* Returns false if no VMA is left to be truncated. */
static bool truncate_some(struct cut *cut)
{
	struct object *object = cut->object;
	struct gather gather;
	struct vma *vma;

	spin_lock(&spaces_lock);
	spin_lock(&object->lock);
	vma = first_stale(object);
	if (vma) {
		gather_init(&gather, vma->space);
		space_keep(vma->space);
	}
	spin_unlock(&object->lock);
	spin_unlock(&spaces_lock);
	if (!vma)
		return false;
	space_lock(gather.space);
	truncate_piece(&gather, cut);
	space_unlock(gather.space);
	space_release(gather.space);
	gather_free(&gather);
	return true;
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
	struct cut cut = {
		.object = object, .start = start, .end = OBJECT_SIZE_MAX + 1, .how = CUT_END
	};

	truncate(&cut);
}

void vm_truncate_hole(struct object *object, uint64_t start, uint64_t end)
{
	struct cut cut = { .object = object, .start = start, .end = end, .how = CUT_HOLE };

	truncate(&cut);
}

void vm_protect_object(struct object *object, uint64_t start, uint64_t end)
{
	struct cut cut = { .object = object, .start = start, .end = end, .how = CUT_WRITE };

	truncate(&cut);
}
