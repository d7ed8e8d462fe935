/* SPDX-License-Identifier: MIT */
/* Counts the memory that is promised, in all spaces and objects, against its limit. */
#include "mm/space/commit.h"

#include "mm/phys/page_alloc.h"
#include "sync/atomic.h"

/* This part of the frames is not promised to programs. */
#define RESERVE_PART 8

unsigned commit_account; /* const after boot */

static size_t charged;	   /* pages; atomic */
static ssize_t swap_pages; /* atomic */

void commit_set_strict(bool strict)
{
	assert_hardened(atomic_load_relaxed(&charged) == 0);
	commit_account = strict ? VMA_ACCOUNT : 0;
}

void commit_add_limit(ssize_t pages)
{
	counter_add(&swap_pages, pages);
}

size_t commit_limit(void)
{
	/* Not kept, because frames are still given to the allocator after the option was read. */
	size_t frames = page_alloc_total_count();

	return frames - frames / RESERVE_PART + (size_t)atomic_load_relaxed(&swap_pages);
}

size_t commit_charged(void)
{
	return atomic_load_relaxed(&charged);
}

bool commit_charge(size_t pages)
{
	size_t before = atomic_load_relaxed(&charged), limit = commit_limit();

	if (pages == 0) /* also where the limit has fallen below what is charged */
		return true;
	do {
		if (before > limit || pages > limit - before)
			return false;
	} while (!__atomic_compare_exchange_n(&charged, &before, before + pages, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

bool commit_lower_limit(size_t pages)
{
	/* These pages are promised for a moment, so that no other thread gets them meanwhile. */
	if (commit_is_strict() && !commit_charge(pages))
		return false;
	commit_add_limit(-(ssize_t)pages);
	if (commit_is_strict())
		commit_uncharge(pages);
	return true;
}

void commit_uncharge(size_t pages)
{
	size_t before = __atomic_fetch_sub(&charged, pages, __ATOMIC_RELAXED);

	assert_hardened(before >= pages);
	(void)before;
}

bool space_commit(struct space *space, size_t bytes)
{
	assert_hardened(spin_lock_held(&space->lock) && IS_ALIGNED(bytes, PAGE_SIZE));
	if (!commit_charge(bytes >> PAGE_SHIFT))
		return false;
	space->commit_credit += (ssize_t)bytes;
	space->at_idle |= AT_IDLE_SETTLE;
	return true;
}

bool space_commit_flags(struct space *space, unsigned vma_flags, size_t bytes)
{
	return space_may_lock(space, vma_flags, bytes) &&
	       (!(vma_flags & VMA_ACCOUNT) || space_commit(space, bytes));
}

void space_settle(struct space *space)
{
	size_t left;

	space_lock(space);
	assert_hardened(space->commit_credit >= 0);
	left = (size_t)space->commit_credit;
	space->commit_credit = 0;
	space_unlock(space);
	commit_uncharge(left >> PAGE_SHIFT);
}
