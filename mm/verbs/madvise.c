/* SPDX-License-Identifier: MIT */
/* madvise: drops, ages or populates pages, sets what fork does, and ignores the rest of the advice. */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/check/fence_debt.h"
#include "mm/fault/collapse.h"
#include "mm/fault/fault.h"
#include "mm/fault/userfault_event.h"
#include "mm/host.h"
#include "mm/space/large_entry.h"
#include "mm/space/tlb_gather.h"
#include "mm/space/vma_modify.h"
#include "mm/swap/reclaim.h"
#include "mm/verbs.h"
#include "mm/verbs/populate.h"

/* What the kernel does with an advice. */
enum advice_kind {
	ADVICE_UNKNOWN,
	ADVICE_IGNORED,
	ADVICE_AGED,
	ADVICE_FLAG,
	ADVICE_LAZYFREE,
	ADVICE_COLLAPSE,
	ADVICE_DROP,
	ADVICE_POPULATE
};

static enum advice_kind advice_kind(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
		return ADVICE_IGNORED;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return ADVICE_AGED;
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		return ADVICE_FLAG;
	case MADV_FREE:
		return ADVICE_LAZYFREE;
	case MADV_COLLAPSE:
		return ADVICE_COLLAPSE;
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return ADVICE_DROP;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return ADVICE_POPULATE;
	default:
		return ADVICE_UNKNOWN;
	}
}

/*
 * Drops the pages of a part of a VMA, in pieces. The next access faults them in again. A kill does
 * not stop it. Returns 0, or -ENOMEM if there is no frame to split a large entry.
 */
static int drop_range(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct space *space = vma->space;
	struct gather gather;
	int result;

	gather_init(&gather, space);
	gather_widen(&gather, end - start);
	for (;;) {
		space_lock(space);
		/* Each time: while the lock is not held, a fault may fill the whole block of an edge. */
		result = large_split_edges(space, start, end, PAGE_RESERVE);
		if (likely(!result))
			start = gather_zap(&gather, vma, start, end);
		gather_fence(&gather);
		debt_assert_none(space);
		space_unlock(space);
		gather_free(&gather);
		if (result || start >= end)
			break;
		gather_again(&gather);
		(void)vm_pause();
	}
	gather_end(&gather);
	return result;
}

/* As on Linux, where the page is in an object, too, what was write-protected stays so. There are no large entries. */
static int drop_to_marks(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct gather gather;

	gather_init(&gather, vma->space);
	while (start < end) {
		space_lock(vma->space);
		start = gather_zap_to_marks(&gather, vma, start, end);
		gather_fence(&gather);
		debt_assert_none(vma->space);
		space_unlock(vma->space);
		gather_free(&gather);
		(void)vm_pause();
	}
	return 0;
}

/* Returns Linux's errno for the outcome of a populate. */
static int populate_error(int outcome)
{
	switch (outcome) {
	case 0:
	case -EINTR:
		return outcome;
	case VM_SEGV_ACCERR:
		return -EINVAL;
	case VM_BUS:
		return -EFAULT;
	default:
		return -ENOMEM;
	}
}

/* Has its program said that the page is lost? */
static bool is_poisoned(struct space *space, vaddr_t va)
{
	bool poisoned;

	space_lock(space);
	poisoned = entry_state(entry_at(space, va)) == ENTRY_POISONED;
	space_unlock(space);
	return poisoned;
}

static int populate_range(struct space *space, vaddr_t start, vaddr_t end, int advice)
{
	unsigned access = advice == MADV_POPULATE_WRITE ? VM_PROT_WRITE : VM_PROT_READ;
	int outcome = vm_populate(space, start, end, access, &start);

	return outcome == VM_BUS && is_poisoned(space, start) ? -EHWPOISON
							      : populate_error(outcome);
}

/* What an advice does to the flags of a VMA. */
struct flag_change {
	unsigned set, clear;
};

static struct flag_change flag_change_of(int advice)
{
	switch (advice) {
	case MADV_DONTFORK:
		return (struct flag_change){ .set = VMA_DONTFORK };
	case MADV_DOFORK:
		return (struct flag_change){ .clear = VMA_DONTFORK };
	case MADV_DONTDUMP:
		return (struct flag_change){ .set = VMA_DONTDUMP };
	case MADV_DODUMP:
		return (struct flag_change){ .clear = VMA_DONTDUMP };
	case MADV_WIPEONFORK:
		return (struct flag_change){ .set = VMA_WIPE };
	case MADV_KEEPONFORK:
		return (struct flag_change){ .clear = VMA_WIPE };
	case MADV_HUGEPAGE:
		return (struct flag_change){ .set = VMA_HUGE, .clear = VMA_NOHUGE };
	default:
		return (struct flag_change){ .set = VMA_NOHUGE, .clear = VMA_HUGE };
	}
}

/* Sets or clears a flag that faults, fork or a core file heed. As on Linux, a split without memory is -EAGAIN. */
static int advise_flag(struct vma *vma, vaddr_t start, vaddr_t end, int advice)
{
	const struct flag_change change = flag_change_of(advice);
	int result;

	if (advice == MADV_WIPEONFORK && vma->object)
		return -EINVAL;
	result = vma_modify_flags(vma, start, end, (vma->flags & ~change.clear) | change.set);
	return result ? -EAGAIN : 0;
}

/* As on Linux, a VMA that has not all of any block is refused, and a block that fails does not keep the others from it. */
static int collapse_range(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct space *space = vma->space;
	int result = 0;

	if (ALIGN_UP(vma->start, MMU_LARGE_SIZE) + MMU_LARGE_SIZE > vma->end)
		return -EINVAL;
	for (vaddr_t base = ALIGN_UP(start, MMU_LARGE_SIZE); base + MMU_LARGE_SIZE <= end;
	     base += MMU_LARGE_SIZE) {
		int failed = collapse_block(space, base);

		if (failed)
			result = failed;
		if (vm_pause())
			break;
	}
	return result;
}

/*
 * Does the advice lose what the memory has? Of sealed private memory that cannot be written, nothing would bring it back. As
 * on Linux, other sealed memory may be lost in the same way as by a store.
 */
static bool seal_forbids(const struct vma *vma, int advice)
{
	if (likely(!(vma->flags & VMA_SEALED)) || vma->object || (vma->prot & VM_PROT_WRITE))
		return false;
	switch (advice) {
	case MADV_FREE:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_REMOVE:
	case MADV_DONTFORK:
	case MADV_WIPEONFORK:
		return true;
	default:
		return false;
	}
}

/* Follows the advice for [start, end), which is within one VMA. */
static int advise_one(struct vma *vma, vaddr_t start, vaddr_t end, int advice)
{
	bool locked = vma->flags & VMA_LOCKED;

	if (seal_forbids(vma, advice))
		return -EPERM;
	switch (advice_kind(advice)) {
	case ADVICE_DROP:
		if (locked && advice != MADV_DONTNEED_LOCKED)
			return -EINVAL;
		if (unlikely(vma->flags & VMA_UF_WP) && vma->object)
			return drop_to_marks(vma, start, end);
		return drop_range(vma, start, end);
	case ADVICE_LAZYFREE:
		if (vma->object || locked)
			return -EINVAL;
		reclaim_range(vma, start, end, MAKE_LAZYFREE);
		return 0;
	case ADVICE_COLLAPSE:
		return collapse_range(vma, start, end);
	case ADVICE_AGED:
		if (locked)
			return -EINVAL;
		reclaim_range(vma, start, end, advice == MADV_PAGEOUT ? SEND_OUT : MAKE_COLD);
		return 0;
	case ADVICE_FLAG:
		return advise_flag(vma, start, end, advice);
	default:
		return 0;
	}
}

/* Will advise_one() drop pages of the VMA, or let them be dropped? */
static bool drops_pages(const struct vma *vma, int advice)
{
	const enum advice_kind kind = advice_kind(advice);

	if (vma->flags & VMA_LOCKED && advice != MADV_DONTNEED_LOCKED)
		return false;
	return (kind == ADVICE_DROP || kind == ADVICE_LAZYFREE) && !seal_forbids(vma, advice);
}

/*
 * In memory that is registered with a userfault the program may have to be told first. Others may take the mmap lock meanwhile, so
 * something else can be mapped there afterwards. As on Linux, of that only the VMA at the start is advised: *vma, up to *end.
 */
static int tell_of_drop(struct vma **vma, vaddr_t start, vaddr_t *end, int advice)
{
	struct space *space = (*vma)->space;
	int result;

	if (!drops_pages(*vma, advice) || !userfault_tells_of_drop(*vma))
		return 0;
	result = userfault_begin_drop(*vma, start, *end);
	if (result)
		return result;
	mm_host.tell(space);
	*vma = vma_find(space, start);
	if (!*vma)
		return -ENOMEM;
	*end = MIN(*end, (*vma)->end);
	return 0;
}

/* As on Linux, a hole makes the result -ENOMEM, but the rest of the range is done. */
static int advise_range(struct space *space, vaddr_t start, vaddr_t end, int advice)
{
	int holes = 0;

	while (start < end) {
		struct vma *vma = vma_find_next(space, start);
		vaddr_t stop, to;
		int result = 0;

		if (!vma || vma->start >= end)
			return -ENOMEM;
		if (vma->start > start)
			holes = -ENOMEM;
		stop = to = MIN(vma->end, end);
		start = MAX(vma->start, start);
		if (unlikely(vma->flags & VMA_USERFAULT))
			result = tell_of_drop(&vma, start, &to, advice);
		result = result ?: advise_one(vma, start, to, advice);
		if (result)
			return result;
		start = stop;
		(void)vm_pause();
	}
	return holes;
}

/* May a hole be made through this mapping? The order of the checks is Linux's. */
static int remove_check(const struct vma *vma)
{
	if (seal_forbids(vma, MADV_REMOVE))
		return -EPERM;
	if ((vma->flags & VMA_LOCKED) || !vma->object)
		return -EINVAL;
	return vma_is_shared(vma) && (vma->max_prot & VM_PROT_WRITE) ? 0 : -EACCES;
}

int vm_remove_next(struct space *space, vaddr_t *addr, vaddr_t end, struct vm_remove *ret)
{
	struct vma *vma = vma_find_next(space, *addr);
	vaddr_t from;
	int result;

	assert_hardened(mm_host.mmap_locked(space));
	if (!vma || vma->start >= end)
		return -ENOMEM;
	result = remove_check(vma);
	if (result)
		return result;
	from = MAX(vma->start, *addr);
	ret->gap = from > *addr;
	*addr = MIN(vma->end, end);
	ret->start = vma->offset + (from - vma->start);
	ret->end = ret->start + (*addr - from);
	ret->object = vma->object;
	if (unlikely(vma->flags & VMA_USERFAULT) && userfault_tells_of_drop(vma)) {
		result = userfault_begin_drop(vma, from, *addr);
		if (result)
			return result;
	}
	object_get(ret->object);
	return 0;
}

int vm_advice_range(vaddr_t addr, size_t len, vaddr_t *end_ret)
{
	*end_ret = addr + ALIGN_UP(len, PAGE_SIZE);
	if (!IS_ALIGNED(addr, PAGE_SIZE) || *end_ret < addr)
		return -EINVAL;
	return len && *end_ret == addr ? -EINVAL : 0;
}

int vm_madvise(struct space *space, vaddr_t addr, size_t len, int advice)
{
	vaddr_t end;

	assert_hardened(mm_host.mmap_locked(space));
	if (advice_kind(advice) == ADVICE_UNKNOWN || vm_advice_range(addr, len, &end))
		return -EINVAL;
	if (advice_kind(advice) == ADVICE_POPULATE)
		return populate_range(space, addr, end, advice);
	return advise_range(space, addr, end, advice);
}
