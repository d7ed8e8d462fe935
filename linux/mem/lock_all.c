/* SPDX-License-Identifier: MIT */
/* mlockall and munlockall: the flags of all mappings, and of those to come. */
#include "abi/errno.h"
#include "linux/mem/mem.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs/mlock.h"

int vm_lock_all(struct space *space, unsigned now, unsigned future)
{
	vaddr_t start = 0;
	struct vma *vma;

	assert_hardened(mm_host.mmap_locked(space));
	if ((now || future) && !lock_is_allowed())
		return -EPERM;
	if (now && !lock_limit_allows(space->mapped_bytes, 0))
		return -ENOMEM;
	space->future_flags = future;
	space->ever_locked |= now || future;
	if (!now && future)
		return 0;
	while ((vma = vma_find_next(space, start))) {
		start = vma->end;
		/* Cannot fail, because a whole VMA needs no split. */
		(void)vma_modify_flags(vma, vma->start, vma->end,
				       (vma->flags & ~LOCK_FLAGS) | lock_flags_of(vma, now));
		(void)vm_pause();
	}
	for (start = 0; now && (vma = vma_find_next(space, start)); start = vma->end)
		(void)lock_populate(space, vma->start, vma->end);
	return 0;
}
