/* SPDX-License-Identifier: MIT */
/* brk: grows the heap by raising the end of its VMA, and shrinks it by unmapping whole pages. */
#include "abi/errno.h"
#include "lib/string.h"
#include "mm/fault/get_user_page.h"
#include "mm/host.h"
#include "mm/record.h"
#include "mm/space/commit.h"
#include "mm/verbs.h"
#include "mm/verbs/mlock.h"
#include "mm/verbs/unmap.h"

/* As on Linux, the limit is one of the sum of the heap and the image's data. */
static bool data_limit_allows(const struct space *space, vaddr_t brk)
{
	uint64_t bytes = brk - space->brk_start + space->image_data_bytes;

	return likely(bytes <= space->limit_data) || bytes <= space_lent_limit(space, LIMIT_HEAP);
}

/*
 * As on Linux, a page stays free below the next mapping, and below the guard gap if that is a
 * stack. The caller holds the space's lock.
 */
static bool brk_has_room(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *next = vma_find_next(space, start);

	return end <= USER_TOP && (!next || end + PAGE_SIZE <= vma_start_gap(next));
}

/*
 * Zeroes the bytes from the old break to the new one in the page of the old break. If the break has
 * gone down before, they may have old contents, but new heap must read as zeros (R24).
 */
static int clear_tail(struct space *space, vaddr_t brk)
{
	vaddr_t high = MIN(brk, space->brk_high);
	struct page *page;
	struct vma *vma;
	int result;

	if (high <= space->brk)
		return 0;
	vma = vma_find(space, space->brk);
	if (!vma || !(vma->flags & VMA_HEAP))
		return 0; /* the program has put something else there */
	if (!(vma->prot & VM_PROT_WRITE))
		return 0; /* the program has made it read-only */
	result = get_user_page(space, space->brk, VM_PROT_WRITE | ACCESS_NO_ASK, &page);
	if (result)
		return result; /* -EFAULT: it cannot be read from swap, or a program would have to resolve the fault */
	memset((char *)page_address(page) + (space->brk & PAGE_MASK), 0, high - space->brk);
	put_user_page(space, page, VM_PROT_WRITE);
	return 0;
}

#define HEAP_PROT     (VM_PROT_READ | VM_PROT_WRITE)
#define HEAP_MAX_PROT (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

static struct vma *heap_vma(const struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_alloc();

	if (!vma)
		return NULL;
	vma->start = start;
	vma->end = end;
	vma->prot = HEAP_PROT;
	vma->max_prot = HEAP_MAX_PROT;
	vma->flags = VMA_HEAP | space->future_flags | commit_account;
	vma->backend = &vma_anon;
	return vma;
}

/*
 * Returns the VMA that ends at `end` if it is as brk makes the heap, so that its end can be raised;
 * else NULL. The caller holds the mmap lock.
 */
static struct vma *heap_that_ends_at(struct space *space, vaddr_t end)
{
	struct vma *vma = vma_find(space, end - 1);

	if (!vma || vma->end != end)
		return NULL;
	if ((vma->flags & ~VMA_ACCOUNT) != (VMA_HEAP | space->future_flags))
		return NULL;
	return vma->prot == HEAP_PROT && vma->max_prot == HEAP_MAX_PROT ? vma : NULL;
}

/*
 * If the answer is true, the heap must grow: with commit=strict the space has the credit for it.
 * The caller holds the space's lock.
 */
static bool brk_may_grow(struct space *space, vaddr_t start, vaddr_t end)
{
	return brk_has_room(space, start, end) && space->nvmas <= VMA_COUNT_MAX &&
	       space_may_expand(space, HEAP_PROT, VMA_HEAP, end - start) &&
	       space_may_commit(space, commit_account | space->future_flags, end - start);
}

/* Maps [start, end) as heap: extends the VMA below it, or makes a new one. */
static int heap_grow(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *heap = heap_that_ends_at(space, start), *fresh = NULL;
	bool may;

	if (!heap) {
		fresh = heap_vma(space, start, end);
		if (!fresh)
			return -ENOMEM;
	}
	space_lock(space);
	may = brk_may_grow(space, start, end);
	if (may && heap)
		vma_set_end(heap,
			    end); /* brk_has_room(): a gap stays above, so there is no merge */
	else if (may)
		vma_insert(space, fresh);
	if (may)
		note_areas(space, start, end);
	space_unlock(space);
	if (!may)
		vma_free(fresh);
	return may ? 0 : -ENOMEM;
}

static int heap_shrink(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find_next(space, start);
	int result;

	if (!vma || vma->start >= end)
		return -ENOMEM; /* the program has unmapped its heap itself */
	space_busy(space, start, end);
	result = unmap_range(space, start, end);
	space_note_unmap(space, start, end, true);
	space_idle(space);
	return result;
}

/* Maps or unmaps the pages between the old break and the new. */
static int move_break(struct space *space, vaddr_t brk)
{
	vaddr_t old_end = ALIGN_UP(space->brk, PAGE_SIZE), new_end = ALIGN_UP(brk, PAGE_SIZE);

	if (brk <= space->brk)
		return new_end < old_end ? heap_shrink(space, new_end, old_end) : 0;
	if (clear_tail(space, brk))
		return -ENOMEM;
	return new_end > old_end ? heap_grow(space, old_end, new_end) : 0;
}

vaddr_t vm_brk(struct space *space, vaddr_t brk)
{
	assert_hardened(mm_host.mmap_locked(space));
	if (brk < space->brk_start || brk > USER_TOP || !data_limit_allows(space, brk))
		return space->brk;
	if (move_break(space, brk))
		return space->brk;
	if (brk < space->brk)
		space->brk_high = MIN(MAX(space->brk_high, space->brk), ALIGN_UP(brk, PAGE_SIZE));
	else
		space->brk_high = MAX(space->brk_high, brk);
	if (unlikely(space->future_flags) && brk > space->brk)
		(void)lock_populate(space, ALIGN_UP(space->brk, PAGE_SIZE),
				    ALIGN_UP(brk, PAGE_SIZE));
	space->brk = brk;
	return brk;
}
