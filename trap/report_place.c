/* SPDX-License-Identifier: MIT */
/* Looks an address up for a report: its VMA or hole, the heap, the last unmap, the walk. */
#include "trap/report_place.h"

#include "arch/describe.h"
#include "base/os_layer.h"
#include "lib/bits.h"
#include "proc/exe.h"
#include "proc/process.h"

static struct area area_of(const struct vma *vma, const struct exe *exe)
{
	if (!vma)
		return (struct area){ 0 };
	return (struct area){
		.there = true,
		.image = vma->object && exe && vma->object == exe->object,
		.use = vma->object ? os_layer.object_name(vma->object, NULL, 0) : NULL,
		.start = vma->start,
		.end = vma->end,
		.prot = vma->prot,
		.flags = vma->flags,
		.backend = vma->backend->name,
		.offset = vma->offset,
		.object_size = vma->object ? object_size(vma->object) : UINT64_MAX,
		.device = vma->object && vma->object->ops->unevictable,
		.in_memory = vma->object && vma->object->ops->charge,
	};
}

/* The newest unmap that is remembered and covered addr. */
static struct space_unmap last_unmap(const struct space *space, vaddr_t addr)
{
	unsigned known = MIN(space->nunmaps, (unsigned)SPACE_UNMAPS);

	for (unsigned i = 1; i <= known; i++) {
		struct space_unmap range = space->unmaps[(space->nunmaps - i) % SPACE_UNMAPS];

		if (addr >= range.start && addr < range.end)
			return range;
	}
	return (struct space_unmap){ 0 };
}

/* The caller holds the space's lock. */
static void look_up(struct space *space, struct place *place)
{
	const struct exe *exe = current_process()->exe;
	struct vma *vma = vma_find_next(space, place->addr);

	if (vma && vma->start <= place->addr) {
		place->at = area_of(vma, exe);
		return;
	}
	place->above = area_of(vma, exe);
	place->below = area_of(vma ? vma_prev(vma)
				   : tree_entry_or_null(tree_last(&space->vmas), struct vma, node),
			       exe);
	place->unmapped = last_unmap(space, place->addr);
}

struct place report_place_of(vaddr_t addr)
{
	struct space *space = current_space();
	struct place place = { .addr = addr };

	space_lock(space);
	look_up(space, &place);
	place.brk_start = space->brk_start;
	place.brk = space->brk;
	place.limit_stack = MAX(space->limit_stack, space_lent_limit(space, LIMIT_STACK));
	space_unlock(space);
	return place;
}

void place_walk(vaddr_t addr, unsigned right, char *buf, size_t size)
{
	struct space *space = current_space();

	space_lock(space);
	arch_mmu_describe(&space->mmu, addr, right, buf, size);
	space_unlock(space);
}
