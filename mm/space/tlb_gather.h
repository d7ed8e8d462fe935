/* SPDX-License-Identifier: MIT */
/* Entries that were removed, until they are fenced and their frames can be freed. */
#pragma once

#include "base/hart.h"
#include "mm/check/fence_debt.h"
#include "mm/phys/page_alloc.h"

/*
 * The most that one piece of a verb removes, so that the lock is held briefly. The first leaf table of a wide gather may give
 * all its pages, and is the last one then.
 */
#define GATHER_PAGES  64u
#define GATHER_LEAVES 8

struct gather {
	struct space *space;
	vaddr_t resume;	 /* where the piece stopped */
	vaddr_t end;	 /* of what the piece visits */
	unsigned leaves; /* leaf tables visited up to the end of the range in them */
	unsigned npages;
	/*
	 * `pages` also has zero pages (nzero), the swap slots of entries that were SWAP (nslots), stored as odd numbers
	 * (slot_as_page()), and blocks of large entries (nlarge; large_as_page()). None of these has a map count to drop.
	 */
	unsigned nzero, nslots, nlarge;
	unsigned prot;	  /* what gather_downgrade() leaves */
	bool wp, shared;  /* what gather_set_wp() sets, and in which memory */
	bool keeps_marks; /* gather_zap_shown(): what was write-protected becomes MARKED */
	const struct object
		*shown; /* the object whose pages zap_shown_leaf() removes; NULL: all pages */
	const struct object *object; /* of the VMA */
	struct page **pages; /* `few`, or a frame that has room for the pages of a leaf table */
	struct page **stop;  /* where no further page of a leaf table is taken */
	struct page *few[GATHER_PAGES];
	struct mmu_flush flush;
	struct mmu_tables tables;
};

void gather_init(struct gather *gather, struct space *space);

/* Makes the gather wide, if there is a free frame: gather_widen(). */
void gather_take_frame(struct gather *gather);

/*
 * Makes the gather wide, if it is for more than a piece of a space that threads share: each piece has other harts make a
 * fence, which costs them more than the longer hold of the lock. Without a free frame, the gather stays as it is. Call
 * with no spinning lock held, and gather_end() at the end.
 */
static inline void gather_widen(struct gather *gather, size_t len)
{
	if (len > GATHER_PAGES * PAGE_SIZE && hart_are_several() &&
	    unlikely(atomic_load_relaxed(&gather->space->readers)))
		gather_take_frame(gather);
}

/* After gather_free(): the next piece may take as much as the first one. */
static inline void gather_again(struct gather *gather)
{
	if (unlikely(gather->pages != gather->few))
		gather->stop = gather->pages + MMU_LEAF_ENTRIES;
}

/* Ends the use of a gather that may be wide. */
static inline void gather_end(struct gather *gather)
{
	if (unlikely(gather->pages != gather->few))
		page_free(virt_to_page(gather->pages), 0);
}

/* A wide gather takes no more from the next leaf table than others. */
static inline void gather_narrow(struct gather *gather)
{
	gather->stop = gather->pages + GATHER_PAGES;
}

/*
 * Clears the entries of [start, end) of a VMA, or as many as a piece may. Returns `end`, or the
 * address to continue at. The caller holds the space's lock, and keeps it until gather_fence().
 */
vaddr_t gather_zap(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end);

/* As gather_zap(), but what was write-protected becomes MARKED (marked_if_wp()), and what is MARKED stays. */
vaddr_t gather_zap_to_marks(struct gather *gather, const struct vma *vma, vaddr_t start,
			    vaddr_t end);

/* Clears as gather_zap() does the entries that map pages of the VMA's object, or the zero page: private copies stay, and marks of a VMA with VMA_UF_WP. */
vaddr_t gather_zap_shown(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end);

/*
 * Clears one entry of a VMA with this object, or with none: `left` stays, which is EMPTY or MARKED. The gather is not full. The caller holds the space's lock.
 */
void gather_zap_entry(struct gather *gather, const struct object *object, vaddr_t va,
		      struct mmu_entry *slot, struct mmu_entry left);

/* What stays where a page goes that its program may have write-protected, in a VMA where that outlasts the page. */
static inline struct mmu_entry marked_if_wp(struct mmu_entry entry)
{
	return entry_is_wp(entry) ? entry_set_wp(ENTRY_NONE, true) : ENTRY_NONE;
}

/* As gather_zap_entry(), but returns false, with nothing changed, if the entry is not `old` any more. */
bool gather_zap_same(struct gather *gather, vaddr_t va, struct mmu_entry *slot,
		     struct mmu_entry old);

/* Replaces the entry of a private page, as gather_zap_entry() clears one, by `to`, which is SWAP and has a reference to its slot. */
void gather_swap_entry(struct gather *gather, vaddr_t va, struct mmu_entry *slot,
		       struct mmu_entry to);

/*
 * Takes all permissions but `prot` from the entries of [start, end) of a VMA, or from as many as a
 * piece may. Returns `end`, or the address to continue at. The caller holds the space's lock, and
 * keeps it until gather_fence().
 */
vaddr_t gather_downgrade(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end,
			 unsigned prot);

/* Sets or removes ENTRY_WP of the entries of [start, end) that are not EMPTY, or removes what is MARKED; as gather_downgrade() does it. */
vaddr_t gather_set_wp(struct gather *gather, const struct vma *vma, vaddr_t start, vaddr_t end,
		      bool wp);

/* gather_set_wp() of one entry, which may be EMPTY: gather->wp and gather->shared are set. The caller holds the space's lock, and keeps it until gather_fence(). */
void gather_set_wp_entry(struct gather *gather, vaddr_t va, struct mmu_entry *slot, bool large);

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
 * Clears `flags` (ENTRY_*) of `entry`, which is in *slot, and adds that to `flush`. Returns false if the entry changes meanwhile:
 * the page is being used, and they stay. The caller holds the space's lock, and fences.
 */
static inline bool entry_clear_flags(struct space *space, vaddr_t va, struct mmu_entry *slot,
				     struct mmu_entry entry, unsigned flags,
				     struct mmu_flush *flush)
{
	struct mmu_entry old = entry_with(entry, entry_prot(entry), entry_flags(entry) & ~flags);

	if (!entry_cas(slot, entry, old))
		return false;
	debt_owe(space, va, entry, old);
	mmu_flush_add(flush, va); /* a TLB that has A or D set does not set it again */
	return true;
}

/* entry_clear_flags() of A alone. */
static inline bool entry_clear_accessed(struct space *space, vaddr_t va, struct mmu_entry *slot,
					struct mmu_entry entry, struct mmu_flush *flush)
{
	return entry_clear_flags(space, va, slot, entry, ENTRY_ACCESSED, flush);
}
