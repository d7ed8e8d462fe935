/* SPDX-License-Identifier: MIT */
/* Which memory is registered with a userfault. */
#include "mm/fault/userfault.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs.h"

/* What can be registered: private memory without a file. */
static bool may_register(const struct vma *vma)
{
	return !vma->object;
}

/* May all that is mapped in the range be registered, with this userfault or with any? Returns 0, -EINVAL or -EBUSY. */
static int check_registrable(struct space *space, vaddr_t start, vaddr_t end,
			     const struct userfault *userfault)
{
	struct vma *vma = vma_find_next(space, start);

	if (!vma || vma->start >= end)
		return -EINVAL;
	for (; vma && vma->start < end; vma = vma_next(vma)) {
		if (!may_register(vma))
			return -EINVAL;
		if (userfault && vma->flags & VMA_USERFAULT && vma->userfault != userfault)
			return -EBUSY;
	}
	return 0;
}

/*
 * Registers what is mapped in the range with a userfault; NULL: with none. `of`: only what is registered with that; NULL: all. Returns 0,
 * or -ENOMEM or -EINTR with a part done; a kill does not stop it with `of`.
 */
static int change_range(struct space *space, vaddr_t start, vaddr_t end,
			struct userfault *userfault, const struct userfault *of)
{
	struct vma *vma;

	while (start < end && (vma = vma_find_next(space, start)) && vma->start < end) {
		const vaddr_t from = MAX(start, vma->start), to = MIN(end, vma->end);
		int result = 0;

		if (!of || (vma->flags & VMA_USERFAULT && vma->userfault == of))
			result = vma_modify_userfault(vma, from, to, userfault);
		if (result || (vm_pause() && !of))
			return result ?: -EINTR;
		start = to;
	}
	return 0;
}

int vm_userfault_register(struct space *space, vaddr_t start, vaddr_t end,
			  struct userfault *userfault)
{
	assert_hardened(mm_host.mmap_locked(space));
	return check_registrable(space, start, end, userfault)
		       ?: change_range(space, start, end, userfault, NULL);
}

int vm_userfault_unregister(struct space *space, vaddr_t start, vaddr_t end)
{
	assert_hardened(mm_host.mmap_locked(space));
	return check_registrable(space, start, end, NULL)
		       ?: change_range(space, start, end, NULL, NULL);
}

/* A VMA that is registered as a whole changes without memory. */
void vm_userfault_forget(struct space *space, const struct userfault *userfault)
{
	assert_hardened(mm_host.mmap_locked(space));
	(void)change_range(space, 0, USER_TOP, NULL, userfault);
}
