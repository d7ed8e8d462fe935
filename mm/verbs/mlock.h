/* SPDX-License-Identifier: MIT */
/* Fills locked memory, for mlock and for verbs that add to a locked mapping. */
#pragma once

#include "mm/host.h"
#include "mm/space/space_lock.h"

/* What vm_lock() sets and vm_unlock() clears. */
#define LOCK_FLAGS (VMA_LOCKED | VMA_ONFAULT)

/*
 * What a lock adds to the VMA's flags. As on Linux, private mappings of pages that never leave memory, the vDSO's, are not locked, and
 * do not count.
 */
static inline unsigned lock_flags_of(const struct vma *vma, unsigned lock)
{
	bool stays = vma->object && vma->object->ops->unevictable && !vma_is_shared(vma);

	return stays ? 0 : lock;
}

/* May the running thread lock memory at all? */
static inline bool lock_is_allowed(void)
{
	return mm_host.limit(LIMIT_LOCKED) != 0;
}

/*
 * Fills the locked VMAs of [start, end), except those with VMA_ONFAULT. Returns 0, or Linux's errno
 * for the first page that cannot be filled; it stops there. The caller holds the mmap lock and no
 * spinning lock.
 */
int lock_populate(struct space *space, vaddr_t start, vaddr_t end);
