/* SPDX-License-Identifier: MIT */
/* mlock and similar calls: make pages resident, and mark VMAs so that they stay resident. */
#include "mm/verbs/mlock.h"

#include "abi/errno.h"
#include "mm/fault/fault.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs.h"
#include "mm/verbs/populate.h"

/* Returns Linux's errno for the outcome of a populate. */
static int lock_error(int outcome)
{
	switch (outcome) {
	case 0:
	case -EINTR:
		return outcome;
	case -ENOMEM:
		return -EAGAIN;
	default:
		return -ENOMEM;
	}
}

/* Fills a part of one VMA, unless only faults fill it, by an access that its permissions allow. */
static int populate_one(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	if ((vma->flags & LOCK_FLAGS) != VMA_LOCKED)
		return 0;
	return lock_error(vm_populate(vma->space, start, end, populate_access(vma->prot), NULL));
}

int lock_populate(struct space *space, vaddr_t start, vaddr_t end)
{
	while (start < end) {
		struct vma *vma = vma_find_next(space, start);
		vaddr_t stop;
		int result;

		if (!vma || vma->start >= end)
			return 0;
		stop = MIN(vma->end, end);
		result = populate_one(vma, MAX(vma->start, start), stop);
		if (result)
			return result;
		start = stop;
	}
	return 0;
}

/* Sets the lock flags. As on Linux, the first hole ends it with -ENOMEM. */
static int mark_range(struct space *space, vaddr_t start, vaddr_t end, unsigned lock)
{
	space->ever_locked |= lock != 0;
	while (start < end) {
		struct vma *vma = vma_find(space, start);
		vaddr_t stop;
		int result;

		if (!vma)
			return -ENOMEM;
		stop = MIN(vma->end, end);
		result = vma_modify_flags(vma, start, stop,
					  (vma->flags & ~LOCK_FLAGS) | lock_flags_of(vma, lock));
		if (result)
			return result;
		start = stop;
		(void)vm_pause();
	}
	return 0;
}

/* Rounds to whole pages as Linux does. Returns 0 or -EINVAL. */
static int lock_range(vaddr_t addr, size_t len, vaddr_t *start, vaddr_t *end)
{
	*start = ALIGN_DOWN(addr, PAGE_SIZE);
	*end = *start + ALIGN_UP(len + (addr & PAGE_MASK), PAGE_SIZE);
	return *end < *start ? -EINVAL : 0;
}

/* Returns how many bytes of [start, end) are locked. */
static size_t locked_within(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find_next(space, start);
	size_t bytes = 0;

	for (; vma && vma->start < end; vma = vma_next(vma))
		if (vma->flags & VMA_LOCKED)
			bytes += MIN(vma->end, end) - MAX(vma->start, start);
	return bytes;
}

/* As on Linux, what is locked there already counts once. A length that wraps is looked at later. */
static int check_limit(struct space *space, vaddr_t addr, size_t len)
{
	vaddr_t start = ALIGN_DOWN(addr, PAGE_SIZE);
	size_t more = ALIGN_UP(len + (addr & PAGE_MASK), PAGE_SIZE);

	if (!lock_is_allowed())
		return -EPERM;
	if (lock_limit_allows(space->locked_bytes, more))
		return 0;
	more -= locked_within(space, start, start + more);
	return lock_limit_allows(space->locked_bytes, more) ? 0 : -ENOMEM;
}

int vm_lock(struct space *space, vaddr_t addr, size_t len, unsigned lock)
{
	vaddr_t start, end;
	int result = check_limit(space, addr, len);

	assert_hardened(mm_host.mmap_locked(space));
	if (!result)
		result = lock_range(addr, len, &start, &end);
	if (!result)
		result = mark_range(space, start, end, lock);
	return result ? result : lock_populate(space, start, end);
}

int vm_unlock(struct space *space, vaddr_t addr, size_t len)
{
	vaddr_t start, end;
	int result = lock_range(addr, len, &start, &end);

	assert_hardened(mm_host.mmap_locked(space));
	return result ? result : mark_range(space, start, end, 0);
}
