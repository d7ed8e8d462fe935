/* SPDX-License-Identifier: MIT */
/* The VMAs of a space: a balanced tree that finds an address, or a free range, in O(log n). */
#include "mm/space/vma.h"

#include "abi/errno.h"
#include "mm/object/object_charge.h"
#include "mm/phys/kmalloc.h"
#include "mm/space/commit.h"
#include "mm/space/space.h"
#include "mm/swap/relieve.h"

static SLAB_CACHE(vma_cache, struct vma);

static struct vma *vma_of(struct tree_node *node)
{
	return tree_entry_or_null(node, struct vma, node);
}

struct vma *vma_alloc_spare(bool frees)
{
	struct vma *vma = frees ? slab_alloc_last(&vma_cache) : slab_alloc_wait(&vma_cache);

	if (vma)
		vma->object = NULL;
	return vma;
}

struct vma *vma_alloc(void)
{
	struct vma *vma = slab_alloc_wait(&vma_cache);

	if (!vma)
		return NULL;
	vma->flags = 0;
	vma->object = NULL;
	vma->offset = 0;
	vma->file_end = 0;
	vma->truncation = 0;
	vma->touched_start = VMA_UNTOUCHED;
	vma->touched_end = 0;
	vma->faults = (struct vma_faults){ 0 };
	vma->has_private = false;
	return vma;
}

int vma_get_writecount(unsigned flags, struct object *object)
{
	if (flags & VMA_TEXT)
		return object_deny_write(object);
	return flags & VMA_WRITER ? object_get_write(object) : 0;
}

void vma_put_writecount(unsigned flags, struct object *object)
{
	if (flags & VMA_TEXT)
		object_allow_write(object);
	else if (flags & VMA_WRITER)
		object_put_write(object);
}

void vma_free(struct vma *vma)
{
	if (!vma)
		return;
	if (vma->object) {
		vma_put_writecount(vma->flags, vma->object);
		object_unuse(vma->object);
	}
	slab_free(&vma_cache, vma);
}

void vma_free_list(struct list *dead)
{
	struct list *link;

	while ((link = list_pop(dead)))
		vma_free(list_entry(link, struct vma, object_link));
}

vaddr_t vma_start_gap(const struct vma *vma)
{
	if (!(vma->flags & VMA_STACK))
		return vma->start;
	return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

static vaddr_t vma_gap_above(const struct vma *prev, const struct vma *vma)
{
	vaddr_t floor = prev ? prev->end : USER_BASE;
	vaddr_t ceiling = vma_start_gap(vma);

	return ceiling > floor ? ceiling - floor : 0;
}

/* Updates the gap below a VMA, or does nothing for NULL. */
static void vma_refresh_gap(struct vma *vma)
{
	if (vma)
		tree_set_weight(&vma->space->vmas, &vma->node, vma_gap_above(vma_prev(vma), vma));
}

struct vma *vma_first(struct space *space)
{
	return vma_of(tree_first(&space->vmas));
}

struct vma *vma_last(struct space *space)
{
	return vma_of(tree_last(&space->vmas));
}

struct vma *vma_next(struct vma *vma)
{
	return vma_of(tree_next(&vma->node));
}

struct vma *vma_prev(struct vma *vma)
{
	return vma_of(tree_prev(&vma->node));
}

struct vma *vma_find_next(struct space *space, vaddr_t va)
{
	struct tree_node *node = space->vmas.root;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = tree_entry(node, struct vma, node);

		if (vma->end <= va) {
			node = node->child[1];
			continue;
		}
		best = vma;
		if (vma->start <= va) {
			atomic_store_relaxed(&space->last_hit, vma);
			break;
		}
		node = node->child[0];
	}
	return best;
}

struct vma *vma_last_below(struct space *space, vaddr_t va)
{
	struct tree_node *node = space->vmas.root;
	struct vma *best = NULL;

	while (node) {
		struct vma *vma = tree_entry(node, struct vma, node);
		bool right = vma->start < va;

		if (right)
			best = vma;
		node = node->child[right];
	}
	return best;
}

struct vma *vma_find_in_tree(struct space *space, vaddr_t va)
{
	struct vma *vma = vma_find_next(space, va);

	return vma && vma->start <= va ? vma : NULL;
}

/* Adds bytes of the VMA to the space's counts (sign 1), or subtracts them (-1). */
static inline void vma_count_bytes(const struct vma *vma, size_t bytes, int sign)
{
	struct space *space = vma->space;
	unsigned flags = vma->flags, prot = vma->prot;
	size_t delta = sign > 0 ? bytes : -bytes;

	if (unlikely(flags & (VMA_LEAVING | VMA_ACCOUNT | VMA_LOCKED | VMA_STACK))) {
		if (flags & VMA_LEAVING)
			return;
		if (flags & VMA_ACCOUNT)
			space_count_committed(space, delta);
		if (flags & VMA_LOCKED)
			space->locked_bytes += delta;
		if (flags & VMA_STACK) { /* neither data nor text */
			space->mapped_bytes += delta;
			space->stack_bytes += delta;
			return;
		}
	}
	space->mapped_bytes += delta;
	space_count_kind(space, prot, flags, delta);
}

/* Recomputes the gap below a VMA. Returns its node if that has changed, else, or for NULL, NULL. */
static struct tree_node *vma_set_gap(struct vma *vma, const struct vma *below)
{
	vaddr_t gap;

	if (!vma)
		return NULL;
	gap = vma_gap_above(below, vma);
	if (vma->node.weight == gap)
		return NULL;
	vma->node.weight = gap;
	return &vma->node;
}

/* Inserts a VMA into the tree between its neighbours; NULL if there is none on a side. */
static void vma_link(struct space *space, struct vma *vma, struct vma *below, struct vma *above)
{
	struct tree_node *changed = vma_set_gap(above, vma);

	assert_hardened(!below || below->end <= vma->start);
	assert_hardened(!above || vma->end <= above->start);
	vma->space = space;
	vma->node.weight = vma_gap_above(below, vma);
	tree_insert_between(&space->vmas, &vma->node, below ? &below->node : NULL,
			    above ? &above->node : NULL, changed);
	space->nvmas++;
	space->layout++;
}

static void vma_erase(struct space *space, struct vma *vma)
{
	struct vma *next = vma_next(vma);
	struct tree_node *changed = vma_set_gap(next, vma_prev(vma));

	tree_erase_changed(&space->vmas, &vma->node, changed);
}

static void vma_unlink(struct vma *vma)
{
	struct space *space = vma->space;

	if (space->ending)
		tree_take_first(&space->vmas, &vma->node);
	else
		vma_erase(space, vma);
	space->nvmas--;
	space->layout++;
	if (space->last_hit == vma)
		atomic_store_relaxed(&space->last_hit, NULL);
}

/* Takes a reference to the VMA's object, and puts the VMA on one of the object's lists. */
static void vma_attach(struct vma *vma)
{
	struct object *object = vma->object;

	if (!object)
		return;
	object_use(object);
	spin_lock(&object->lock);
	if (unlikely(vma->truncation < object->truncations))
		list_add_tail(&object->stale, &vma->object_link);
	else
		list_add_tail(&object->vmas, &vma->object_link);
	object_charge_joined(object, vma);
	if (vma_writes_object(vma))
		object->nwritable++;
	spin_unlock(&object->lock);
}

static void vma_detach(struct vma *vma, struct list *dead)
{
	struct object *object = vma->object;

	if (object) {
		spin_lock(&object->lock);
		list_del(&vma->object_link);
		object_charge_left(object, vma);
		if (vma_writes_object(vma))
			object->nwritable--;
		spin_unlock(&object->lock);
	}
	list_add(dead, &vma->object_link);
}

void vma_insert(struct space *space, struct vma *vma)
{
	struct vma *above = vma_find_next(space, vma->start);

	vma_insert_between(space, vma, above ? vma_prev(above) : vma_last(space), above);
}

void vma_insert_between(struct space *space, struct vma *vma, struct vma *below, struct vma *above)
{
	assert_hardened(spin_lock_held(&space->lock));
	vma_link(space, vma, below, above);
	vma_attach(vma);
	vma_count_bytes(vma, vma->end - vma->start, 1);
}

void vma_remove(struct vma *vma, struct list *dead)
{
	assert_hardened(spin_lock_held(&vma->space->lock));
	vma_count_bytes(vma, vma->end - vma->start, -1);
	vma_unlink(vma);
	vma_detach(vma, dead);
}

/* Like the first VMA, the copy counts as a writer, or denies writers, until it is freed. */
static void vma_attach_copy(struct vma *copy)
{
	vma_attach(copy);
	if (copy->object) {
		int result = vma_get_writecount(copy->flags, copy->object);

		assert(result == 0); /* the first one has succeeded */
	}
}

void vma_not_registered(struct vma *vma)
{
	vma->flags &= ~(VMA_USERFAULT | VMA_UF_MISSING | VMA_UF_MINOR);
	vma->backend = vma_usual_backend(vma->object, vma->flags);
	vma->userfault = NULL;
}

/* Copies all but the links in tree and list. (To copy the whole struct takes twice as long.) */
static void vma_copy(struct vma *to, const struct vma *from)
{
	to->start = from->start;
	to->end = from->end;
	to->prot = from->prot;
	to->max_prot = from->max_prot;
	to->flags = from->flags;
	to->backend = from->backend;
	to->object = from->object;
	to->offset = from->offset;
	to->file_end = from->file_end;
	to->truncation = from->truncation;
	to->touched_start = from->touched_start;
	to->touched_end = from->touched_end;
	to->faults = (struct vma_faults){ 0 };
	to->has_private = from->has_private;
}

void vma_append_copy(struct space *space, const struct vma *vma, struct vma *copy, struct vma *last,
		     unsigned flags)
{
	vma_copy(copy, vma);
	copy->flags = flags;
	if (unlikely(flags & VMA_LEAVING))
		copy->object = NULL; /* whose owner would see it come and go */
	copy->space = space;
	copy->node.weight = vma->node.weight;
	tree_append_like(&space->vmas, &copy->node, last ? &last->node : NULL, &vma->node);
	space->nvmas++;
	space->layout++;
	vma_attach_copy(copy);
	vma_count_bytes(copy, copy->end - copy->start, 1);
}

void vma_split(struct vma *vma, vaddr_t at, struct vma *upper)
{
	struct vma *above = vma_next(vma);

	assert_hardened(spin_lock_held(&vma->space->lock));
	assert_hardened(vma->start < at && at < vma->end);
	vma_copy(upper, vma);
	upper->start = at;
	if (vma->object)
		upper->offset += at - vma->start;
	vma->end = at;
	vma_clip_touched(vma);
	vma_clip_touched(upper);
	vma_link(vma->space, upper, vma, above);
	vma_attach_copy(upper);
}

void vma_join(struct vma *below, struct vma *above, struct list *dead)
{
	assert_hardened(spin_lock_held(&below->space->lock));
	assert_hardened(below->end == above->start);
	below->end = above->end; /* before the unlink, so that the gap above does not change */
	below->touched_start = MIN(below->touched_start, above->touched_start);
	below->touched_end = MAX(below->touched_end, above->touched_end);
	below->has_private |= above->has_private;
#pragma GCC unroll 16
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		below->faults.kind[kind] += above->faults.kind[kind];
	vma_unlink(above);
	vma_detach(above, dead);
}

void vma_set_start(struct vma *vma, vaddr_t start)
{
	assert_hardened(spin_lock_held(&vma->space->lock));
	/* For a VMA that shrinks the difference wraps, and the sum is right all the same. */
	vma_count_bytes(vma, vma->start - start, 1);
	if (vma->object)
		vma->offset += start - vma->start;
	vma->start = start;
	vma->space->layout++;
	if (likely(!vma->space->ending))
		vma_refresh_gap(vma);
}

void vma_set_end(struct vma *vma, vaddr_t end)
{
	assert_hardened(spin_lock_held(&vma->space->lock));
	vma_count_bytes(vma, end - vma->end, 1);
	vma->end = end;
	vma->space->layout++;
	vma_refresh_gap(vma_next(vma));
}

void vma_leave(struct vma *vma)
{
	assert_hardened(spin_lock_held(&vma->space->lock));
	vma_count_bytes(vma, vma->end - vma->start, -1);
	vma->flags |= VMA_LEAVING;
}

void vma_set_prot(struct vma *vma, unsigned prot)
{
	struct space *space = vma->space;
	size_t bytes = vma->end - vma->start;

	assert_hardened(spin_lock_held(&space->lock));
	assert_hardened(!(vma->flags & VMA_LEAVING));
	space_count_kind(space, vma->prot, vma->flags, -bytes);
	space_count_kind(space, prot, vma->flags, bytes);
	vma->prot = prot;
	space->layout++;
}

static bool vma_gap_has_room(struct tree_node *node, size_t len)
{
	return node && node->heaviest >= len;
}

/*
 * Returns the VMA of a subtree that is first from one side (0: the lowest, 1: the highest) with a gap of len bytes below it.
 * There is one.
 */
static inline struct vma *first_in(struct tree_node *node, unsigned side, size_t len)
{
	for (;;) {
		if (vma_gap_has_room(node->child[side], len))
			node = node->child[side];
		else if (node->weight >= len)
			return vma_of(node);
		else
			node = node->child[!side];
	}
}

/* Returns the next VMA below `vma` (side 0) or above it (1) with a gap of len bytes below that, or NULL. */
static inline struct vma *next_with_room(struct vma *vma, unsigned side, size_t len)
{
	struct tree_node *node = &vma->node;

	for (;;) {
		struct tree_node *child;

		if (vma_gap_has_room(node->child[side], len))
			return first_in(node->child[side], !side, len);
		do {
			child = node;
			node = node->parent;
			if (!node)
				return NULL;
		} while (node->child[side] == child);
		if (node->weight >= len)
			return vma_of(node);
	}
}

/* Whether a range of len bytes fits between `floor` and the VMA, or where that is NULL the end of user memory. */
static bool fits_below(const struct vma *above, vaddr_t floor, size_t len)
{
	vaddr_t top = above ? vma_start_gap(above) : USER_TOP;

	return top >= floor && top - floor >= len;
}

int vma_find_gap_up(struct space *space, size_t len, vaddr_t bottom, vaddr_t *start_ret)
{
	struct vma *above = vma_find_next(space, bottom);
	vaddr_t floor = bottom;

	if (above && above->start <= bottom) {
		floor = above->end;
		above = vma_next(above);
	}
	if (above && !fits_below(above, floor, len)) {
		above = next_with_room(above, 1, len);
		floor = above ? vma_prev(above)->end : vma_last(space)->end;
	}
	if (!fits_below(above, floor, len))
		return -ENOMEM;
	*start_ret = floor;
	return 0;
}

int vma_find_gap(struct space *space, size_t len, vaddr_t top, vaddr_t *start_ret)
{
	struct vma *below = vma_last_below(space, top);
	struct vma *above = below ? vma_next(below) : vma_first(space);
	vaddr_t floor = below ? below->end : USER_BASE;

	/* The gap that contains `top` is used only up to there. */
	if (above)
		top = MIN(top, vma_start_gap(above));
	if (top >= floor && top - floor >= len) {
		*start_ret = top - len;
		return 0;
	}
	if (below && below->node.weight < len)
		below = next_with_room(below, 0, len);
	if (!below)
		return -ENOMEM;
	*start_ret = vma_start_gap(below) - len;
	return 0;
}
