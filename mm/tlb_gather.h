/* SPDX-License-Identifier: MIT */
/* Entries that were taken away, until their fence is done and their frames may go. */
#pragma once

#include "mm/space.h"

/* What one piece of a verb takes at most, so that the lock is held briefly. */
#define GATHER_PAGES  64
#define GATHER_LEAVES 8

struct gather {
	struct space *space;
	vaddr_t resume;	 /* where the piece stopped */
	unsigned leaves; /* leaf tables that it went through, to the range's end in each */
	unsigned npages;
	unsigned nzero; /* of these the zero page, which nobody counts */
	struct page *pages[GATHER_PAGES];
	struct mmu_flush flush;
	struct mmu_tables tables;
};

void gather_init(struct gather *gather, struct space *space);

/*
 * Empties the entries of [start, end) of a VMA, or as many as a piece may. => space lock held, kept
 * until gather_fence(); where it stopped: `end`, or where to go on
 */
vaddr_t gather_zap(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end);

/* The same, but only of those that show pages of the VMA's object: private copies stay. */
vaddr_t gather_zap_shown(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end);

/* Can no more be taken before it is fenced and freed? */
static inline bool gather_full(const struct gather *gather)
{
	return gather->npages >= GATHER_PAGES || gather->leaves == GATHER_LEAVES;
}

/* Unlinks the empty tables between floor and ceiling. => space lock held; no entries there */
void gather_prune(struct gather *gather, vaddr_t floor, vaddr_t ceiling);

/* => space lock held; afterwards it may be dropped */
void gather_fence(struct gather *gather);

/*
 * Gives up frames and tables; the gather may be used again. => after gather_fence(); no spinning
 * lock held
 */
void gather_free(struct gather *gather);
