/* SPDX-License-Identifier: MIT */
/* Fence debts: code that takes permissions or a frame out of an entry owes a fence (R8). */
#pragma once

#include "mm/phys/page.h"
#include "mm/space/space_lock.h"

/*
 * The hardened build records each entry that lost permissions or its frame, until space_fence()
 * fences it. It asserts that nothing is owed before the frame is freed, before another frame is
 * written at that address, and before a fault or a piece of a verb drops the lock. QEMU may work
 * without a fence; these checks panic. The release build has none of this.
 *
 * fork defers what it owes: until the next one takes the lock, or fork itself at its end
 * (mm/space/space_lock.h).
 *
 * The caller of all but debts_create(), debts_destroy() and debt_assert_none() holds the space's
 * lock.
 */
#ifdef FAULTLINE_HARDENED

int debts_create(struct space *space); /* returns 0 or -ENOMEM */
void debts_destroy(struct space *space);

/* Records a debt, if one arises: the entry at va has changed from `old` to `new`. */
void debt_owe(struct space *space, vaddr_t va, struct mmu_entry old, struct mmu_entry new);

/* Removes the debts that `flush` is about to fence. */
void debt_pay(struct space *space, const struct mmu_flush *flush);

/* What is owed may stay so while the lock is dropped. */
void debt_defer(struct space *space);

void debt_assert_entry(struct space *space, vaddr_t va); /* before a frame is written at va */
void debt_assert_frame(struct space *space, const struct page *page); /* before it is freed */
void debt_assert_none(struct space *space); /* before the lock is dropped */

#else

static inline int debts_create(struct space *space)
{
	(void)space;
	return 0;
}

static inline void debts_destroy(struct space *space)
{
	(void)space;
}

static inline void debt_owe(struct space *space, vaddr_t va, struct mmu_entry old,
			    struct mmu_entry new)
{
	(void)space, (void)va, (void)old, (void)new;
}

static inline void debt_pay(struct space *space, const struct mmu_flush *flush)
{
	(void)space, (void)flush;
}

static inline void debt_defer(struct space *space)
{
	(void)space;
}

static inline void debt_assert_entry(struct space *space, vaddr_t va)
{
	(void)space, (void)va;
}

static inline void debt_assert_frame(struct space *space, const struct page *page)
{
	(void)space, (void)page;
}

static inline void debt_assert_none(struct space *space)
{
	(void)space;
}

#endif
