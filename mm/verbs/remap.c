/* SPDX-License-Identifier: MIT */
/* mremap: grows, shrinks and moves mappings. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/fault/userfault_event.h"
#include "mm/host.h"
#include "mm/record.h"
#include "mm/space/commit.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs.h"
#include "mm/verbs/map.h"
#include "mm/verbs/mlock.h"
#include "mm/verbs/remap_move.h"
#include "mm/verbs/unmap.h"

/* VMAs that a move may add for a time, as Linux counts them. */
#define MOVE_VMAS 3

struct remap {
	struct space *space;
	vaddr_t addr, new_addr;
	size_t old_len, new_len; /* whole pages */
	size_t asked_len;	 /* old_len as it was at first */
	unsigned flags;
};

/* Unmaps a range, with the check that munmap makes. The caller has made the range busy. */
static int unmap_part(struct space *space, vaddr_t start, size_t len)
{
	int result;

	if (start > USER_TOP || len > USER_TOP - start)
		return -EINVAL;
	result = unmap_range(space, start, start + len);
	if (commit_is_strict())
		space_settle(space); /* a new mapping may need what was committed there */
	if (!result)
		space_note_unmap(space, start, start + len, false);
	return result;
}

/* Makes both ranges, and all between them, busy. The caller holds the space's lock. */
static void busy_with_both(const struct remap *remap, vaddr_t new_addr)
{
	vaddr_t end = remap->addr + MIN(remap->old_len, USER_TOP - remap->addr);

	space_busy_locked(remap->space, MIN(remap->addr, new_addr),
			  MAX(end, new_addr + remap->new_len));
}

/* Call with no spinning lock held. */
static bool commit_more(struct space *space, size_t bytes)
{
	bool may;

	space_lock(space);
	may = space_commit(space, bytes);
	space_unlock(space);
	return may;
}

/* May the part of the VMA get the new length? The order of the checks is Linux's. */
static int check_resize(const struct remap *remap)
{
	const struct vma *vma = vma_find(remap->space, remap->addr);
	size_t more = remap->new_len - remap->old_len;

	if (!vma)
		return -EFAULT;
	if (remap->old_len == 0 && !vma_is_shared(vma))
		return -EINVAL;
	if (remap->flags & MREMAP_DONTUNMAP && vma->object && vma->object->ops->unevictable)
		return -EINVAL;
	if (remap->old_len > vma->end - remap->addr)
		return -EFAULT;
	if (more && vma->object && vma->object->ops->unevictable)
		return -EFAULT;
	if (more && !space_may_lock(remap->space, vma->flags, more))
		return -EAGAIN;
	if (remap->flags & MREMAP_DONTUNMAP)
		more = remap->new_len;
	if (more && !space_may_expand(remap->space, vma->prot, vma->flags, more))
		return -ENOMEM;
	if (unlikely(vma->flags & VMA_ACCOUNT) && !commit_more(remap->space, more))
		return -ENOMEM;
	return 0;
}

static int move(const struct remap *remap, vaddr_t new_addr, vaddr_t *addr_ret)
{
	unsigned flags = remap->flags & MREMAP_DONTUNMAP ? REMAP_KEEP : 0;
	int result;

	if (remap->space->nvmas >= VMA_COUNT_MAX - MOVE_VMAS)
		return -ENOMEM;
	if (unlikely(remap->space->ever_registered)) {
		result = userfault_begin_move(remap->space, remap->addr, remap->old_len,
					      remap->asked_len, new_addr, flags & REMAP_KEEP);
		if (result)
			return result;
	}
	result = remap_move(remap->space, remap->addr, remap->old_len, new_addr, remap->new_len,
			    flags);
	if (result) {
		userfault_cancel_move(remap->space, remap->addr);
		return result;
	}
	if (!flags && remap->old_len)
		space_note_unmap(remap->space, remap->addr, remap->addr + remap->old_len, false);
	*addr_ret = new_addr;
	return 0;
}

/* Moves to the hint if it is free, else to an address that the kernel chooses. */
static int move_anywhere(const struct remap *remap, vaddr_t hint, vaddr_t *addr_ret)
{
	vaddr_t new_addr;
	int result;

	if (remap->new_len > USER_TOP - USER_BASE)
		return -ENOMEM;
	space_lock(remap->space);
	result = map_choose_address(remap->space, hint, remap->new_len, remap->addr, &new_addr);
	if (!result)
		busy_with_both(remap, new_addr);
	space_unlock(remap->space);
	return result ? result : move(remap, new_addr, addr_ret);
}

/* Unmaps what is at the fixed new address, and the end of the old mapping if that gets shorter. */
static int clear_way(struct remap *remap)
{
	int result = 0;

	space_lock(remap->space);
	busy_with_both(remap, remap->new_addr);
	space_unlock(remap->space);
	if (remap->flags & MREMAP_FIXED)
		result = unmap_part(remap->space, remap->new_addr, remap->new_len);
	if (result || remap->old_len <= remap->new_len)
		return result;
	result = unmap_part(remap->space, remap->addr + remap->new_len,
			    remap->old_len - remap->new_len);
	remap->old_len = remap->new_len;
	return result;
}

/* MREMAP_FIXED, MREMAP_DONTUNMAP. As on Linux, what is unmapped stays so if a later step fails. */
static int move_to(struct remap *remap, vaddr_t *addr_ret)
{
	vaddr_t addr = remap->addr, new_addr = remap->new_addr;
	int result;

	if (!IS_ALIGNED(new_addr, PAGE_SIZE))
		return -EINVAL;
	if (remap->new_len > USER_TOP || new_addr > USER_TOP - remap->new_len)
		return -EINVAL;
	if (addr + remap->old_len > new_addr && new_addr + remap->new_len > addr)
		return -EINVAL;
	if (remap->space->nvmas + 2 >= VMA_COUNT_MAX - MOVE_VMAS)
		return -ENOMEM;
	result = clear_way(remap);
	if (!result)
		result = check_resize(remap);
	if (result)
		return result;
	if (!(remap->flags & MREMAP_FIXED))
		return move_anywhere(remap, new_addr, addr_ret);
	return new_addr < USER_BASE ? -EPERM : move(remap, new_addr, addr_ret);
}

static int shrink(const struct remap *remap)
{
	vaddr_t start = remap->addr + remap->new_len;
	size_t len = remap->old_len - remap->new_len;

	if (len == 0)
		return 0;
	if (start <= USER_TOP && len <= USER_TOP - start)
		space_busy(remap->space, start, start + len);
	return unmap_part(remap->space, start, len);
}

/* Grows the end of a VMA if the range above is free; it may be the guard gap of a stack. */
static bool grow_in_place(const struct remap *remap)
{
	size_t more = remap->new_len - remap->old_len;
	struct list dead = LIST_INIT(dead);
	struct vma *vma, *next;
	bool grown;

	space_lock(remap->space);
	vma = vma_find(remap->space, remap->addr);
	next = vma_next(vma);
	grown = remap->addr + remap->old_len == vma->end && more <= USER_TOP - vma->end &&
		(!next || more <= next->start - vma->end);
	if (grown) {
		vma_set_end(vma, vma->end + more);
		note_areas(remap->space, vma->end - more, vma->end);
		vma_merge(vma, &dead);
	}
	space_unlock(remap->space);
	vma_free_dead(&dead);
	return grown;
}

static int resize(const struct remap *remap, vaddr_t *addr_ret)
{
	int result;

	*addr_ret = remap->addr;
	if (remap->old_len >= remap->new_len)
		return shrink(remap);
	result = check_resize(remap);
	if (result || grow_in_place(remap))
		return result;
	return remap->flags & MREMAP_MAYMOVE ? move_anywhere(remap, 0, addr_ret) : -ENOMEM;
}

static bool flags_are_good(unsigned flags, bool same_length)
{
	if (flags & ~(unsigned)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return false;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
		return false;
	return !(flags & MREMAP_DONTUNMAP) || same_length;
}

int vm_remap(struct space *space, vaddr_t addr, size_t old_len, size_t new_len, unsigned flags,
	     vaddr_t new_addr, vaddr_t *addr_ret)
{
	struct remap remap = { .space = space,
			       .addr = addr,
			       .new_addr = new_addr,
			       .old_len = ALIGN_UP(old_len, PAGE_SIZE),
			       .new_len = ALIGN_UP(new_len, PAGE_SIZE),
			       .asked_len = ALIGN_UP(old_len, PAGE_SIZE),
			       .flags = flags };
	struct vma *vma;
	vaddr_t at;
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	if (!flags_are_good(flags, old_len == new_len) || !IS_ALIGNED(addr, PAGE_SIZE) ||
	    remap.new_len == 0)
		return -EINVAL;
	vma = vma_find(space, addr);
	if (!vma)
		return -EFAULT;
	if (vma->flags & VMA_SEALED)
		return -EPERM;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		result = move_to(&remap, &at);
	else
		result = resize(&remap, &at);
	space_idle(space);
	if (result)
		return result;
	if (remap.new_len > remap.old_len && (vma_find(space, at)->flags & VMA_LOCKED))
		(void)lock_populate(space, at + remap.old_len, at + remap.new_len);
	*addr_ret = at;
	return 0;
}
