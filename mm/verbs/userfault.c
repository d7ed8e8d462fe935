/* SPDX-License-Identifier: MIT */
/* Which memory is registered with a userfault. */
#include "mm/fault/userfault.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs.h"
#include "mm/verbs/userfault_wp.h"

/* What can be registered: private memory without a file, memory that is shared without one, and files in memory. As on Linux no segments of System V. */
static bool can_be_registered(const struct vma *vma, unsigned modes)
{
	if (!vma->object)
		return !(modes & VMA_UF_MINOR);
	return vma->object->ops->swap_backed && !vma->object->ops->counts_maps &&
	       vma->backend != &vma_elf;
}

/* A page that a program gives goes into the object, so that it must be allowed to write there. */
static int may_register(const struct vma *vma, const struct userfault *userfault, unsigned modes)
{
	if (!can_be_registered(vma, modes))
		return -EINVAL;
	if (!userfault)
		return 0;
	if (!(vma->max_prot & VM_PROT_WRITE))
		return -EPERM;
	return vma->flags & VMA_USERFAULT && vma->userfault != userfault ? -EBUSY : 0;
}

/* May all that is mapped in the range be registered, with this userfault or with any? Returns 0, -EINVAL, -EPERM or -EBUSY. */
static int check_registrable(struct space *space, vaddr_t start, vaddr_t end,
			     const struct userfault *userfault, unsigned modes)
{
	int err = 0;
	struct vma *vma = vma_find_next(space, start);

	if (!vma || vma->start >= end)
		return -EINVAL;
	for (; !err && vma && vma->start < end; vma = vma_next(vma))
		err = may_register(vma, userfault, modes);
	return err;
}

/*
 * Registers what is mapped in the range with a userfault; NULL: with none. `of`: only what is registered with that; NULL: all. Returns 0,
 * or -ENOMEM or -EINTR with a part done; a kill does not stop it with `of`.
 */
static int change_range(struct space *space, vaddr_t start, vaddr_t end,
			struct userfault *userfault, unsigned modes, const struct userfault *of)
{
	struct vma *vma;

	while (start < end && (vma = vma_find_next(space, start)) && vma->start < end) {
		const vaddr_t from = MAX(start, vma->start), to = MIN(end, vma->end);
		int result = 0;

		/* Marks may be left there from before. */
		if (modes & VMA_UF_WP && !(vma->flags & VMA_UF_WP))
			result = vma_set_wp(vma, from, to, false, false);
		if (result)
			return result;
		if (!of || (vma->flags & VMA_USERFAULT && vma->userfault == of))
			result = vma_modify_userfault(vma, from, to, userfault, modes);
		if (result || (vm_pause() && !of))
			return result ?: -EINTR;
		start = to;
	}
	return 0;
}

int vm_userfault_register(struct space *space, vaddr_t start, vaddr_t end,
			  struct userfault *userfault, unsigned modes)
{
	assert_hardened(mm_host.mmap_locked(space));
	space->ever_registered = true;
	return check_registrable(space, start, end, userfault, modes)
		       ?: change_range(space, start, end, userfault, modes, NULL);
}

int vm_userfault_unregister(struct space *space, vaddr_t start, vaddr_t end)
{
	assert_hardened(mm_host.mmap_locked(space));
	return check_registrable(space, start, end, NULL, 0)
		       ?: change_range(space, start, end, NULL, 0, NULL);
}

/* A VMA that is registered as a whole changes without memory. */
void vm_userfault_forget(struct space *space, const struct userfault *userfault)
{
	assert_hardened(mm_host.mmap_locked(space));
	(void)change_range(space, 0, USER_TOP, NULL, 0, userfault);
}

/* Is what has no page protected, too? In shared memory another mapping may have one. */
static bool protects_holes(const struct vma *vma)
{
	return vma->object || vma->userfault->has_holes;
}

int vm_userfault_protect(struct space *space, vaddr_t start, vaddr_t end, bool wp)
{
	struct vma *vma;
	int result = -ENOENT;

	assert_hardened(mm_host.mmap_locked(space));
	while (start < end && (vma = vma_find_next(space, start)) && vma->start < end) {
		const vaddr_t from = MAX(start, vma->start), to = MIN(end, vma->end);

		if (!(vma->flags & VMA_UF_WP))
			return -ENOENT;
		result = vma_set_wp(vma, from, to, wp, wp && protects_holes(vma));
		if (result)
			return result;
		start = to;
	}
	return result;
}
