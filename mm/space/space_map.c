/* SPDX-License-Identifier: MIT */
/* Copies what a space maps. */
#include "mm/space/space_map.h"

#include "abi/errno.h"
#include "mm/space/space_lock.h"
#include "mm/vm_wait.h"

bool space_is_changing(const struct space *space, vaddr_t from, const struct vma *vma)
{
	vaddr_t end = vma ? vma->start : USER_TOP;

	if (vma && vma->flags & VMA_MOVING)
		return true;
	return from < end && from < space->busy_end && space->busy_start < end;
}

int space_lock_settled(struct space *space, vaddr_t from, struct vma **vma_ret)
{
	struct vm_wait wait;
	int err;

	do {
		space_lock(space);
		*vma_ret = vma_find_next(space, from);
		if (!space_is_changing(space, from, *vma_ret))
			return 0;
		err = space_await_verb(space, &wait);
		space_unlock(space);
	} while (vm_wait_again(&err, &wait));
	return err;
}

static void fill_map(const struct vma *vma, struct map_facts *map)
{
	*map = (struct map_facts){
		.start = vma->start,
		.end = vma->end,
		.offset = vma->offset,
		.flags = vma->flags,
		.prot = (uint8_t)vma->prot,
		.max_prot = (uint8_t)vma->max_prot,
		.object = vma->object,
	};
	if (vma->object)
		object_get(vma->object);
}

int space_maps(struct space *space, vaddr_t from, struct map_facts *ret, unsigned n)
{
	struct vma *vma;
	int count = 0, err = space_lock_settled(space, from, &vma);

	if (err)
		return err;
	while (vma && (unsigned)count < n && !space_is_changing(space, from, vma)) {
		fill_map(vma, &ret[count++]);
		from = vma->end;
		vma = vma_next(vma);
	}
	space_unlock(space);
	return count;
}

int space_map_at(struct space *space, vaddr_t from, struct map_facts *ret)
{
	int count = space_maps(space, from, ret, 1);

	if (count < 0)
		return count;
	return count != 0 ? 0 : -ENODATA;
}
