/* SPDX-License-Identifier: MIT */
/* Entries that were removed, until they are fenced and their frames can be freed. */
#pragma once

#include "mm/check/fence_debt.h"

/* The most that one piece of a verb removes, so that the lock is held briefly. */
#define GATHER_PAGES  64
#define GATHER_LEAVES 8

struct gather {
	struct space *space;
	vaddr_t resume;	 /* where the piece stopped */
	unsigned leaves; /* leaf tables visited up to the end of the range in them */
	unsigned npages;
	/*
	 * `pages` also has zero pages (nzero), and the swap slots of entries that were SWAP (nslots),
	 * stored as odd numbers (slot_as_page()). None of these has a map count to drop.
	 */
	unsigned nzero, nslots;
	unsigned prot;		    /* what gather_downgrade() leaves */
	const struct object *shown; /* the object whose pages gather_zap_shown() removes */
	struct page *pages[GATHER_PAGES];
	struct mmu_flush flush;
	struct mmu_tables tables;
};

void gather_init(struct gather *gather, struct space *space);

/*
 * Clears the entries of [start, end) of a VMA, or as many as a piece may. Returns `end`, or the
 * address to continue at. The caller holds the space's lock, and keeps it until gather_fence().
 */
vaddr_t gather_zap(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end);

/* Clears as gather_zap() does the entries that map pages of the VMA's object: private copies stay. */
vaddr_t gather_zap_shown(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end);

/*
 * Clears one entry, which maps a frame other than the zero page. The gather is not full. The caller
 * holds the space's lock.
 */
void gather_zap_entry(struct gather *gather, vaddr_t va, struct mmu_entry *slot);

/* Replaces one entry, as gather_zap_entry() clears it, by `to`, which is SWAP and has a reference to its slot. */
void gather_swap_entry(struct gather *gather, vaddr_t va, struct mmu_entry *slot,
		       struct mmu_entry to);

/*
 * Takes all permissions but `prot` from the entries of [start, end) of a VMA, or from as many as a
 * piece may. Returns `end`, or the address to continue at. The caller holds the space's lock, and
 * keeps it until gather_fence().
 */
vaddr_t gather_downgrade(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end,
			 unsigned prot);

/* Must the gather be fenced and freed before it can take more? */
static inline bool gather_full(const struct gather *gather)
{
	return gather->npages >= GATHER_PAGES || gather->leaves == GATHER_LEAVES;
}

/*
 * Unlinks the empty page tables between floor and ceiling, where there are no entries. The caller
 * holds the space's lock.
 */
void gather_prune(struct gather *gather, vaddr_t floor, vaddr_t ceiling);

/* Fences what was gathered. The caller holds the space's lock, and may release it afterwards. */
void gather_fence(struct gather *gather);

/*
 * Frees the frames and tables, after which the gather may be used again. Call after gather_fence(),
 * with no spinning lock held.
 */
void gather_free(struct gather *gather);

/*
 * Clears A of `entry`, which is in *slot, and adds that to `flush`. Returns false if the entry changes meanwhile: the page is
 * being used, and A stays. The caller holds the space's lock, and fences.
 */
static inline bool entry_clear_accessed(struct space *space, vaddr_t va, struct mmu_entry *slot,
					struct mmu_entry entry, struct mmu_flush *flush)
{
	struct mmu_entry old =
		entry_with(entry, entry_prot(entry), entry_flags(entry) & ~ENTRY_ACCESSED);

	if (!entry_cas(slot, entry, old))
		return false;
	debt_owe(space, va, entry, old);
	mmu_flush_add(flush, va); /* a TLB that has A set does not set it again */
	return true;
}
