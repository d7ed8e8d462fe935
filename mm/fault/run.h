/* SPDX-License-Identifier: MIT */
/* Runs: a fault that continues a sweep through private anonymous memory also fills pages ahead of it. */
#pragma once

#include "mm/fault/fault.h"
#include "mm/fault/thp_mode.h"
#include "sync/atomic.h"

/* Pages that have been filled ahead, of all spaces since boot. All fields are atomic. */
struct run_counts {
	uint64_t runs;	       /* faults that have filled more than their page */
	uint64_t pages;	       /* frames that they have filled beside those of the faults */
	uint64_t zero_pages;   /* entries for the zero page, in the same way */
	uint64_t reused_pages; /* pages that were there, and may be written again */
};
extern struct run_counts run_counts;

/* May pages be filled ahead of their use in memory with such flags? */
static inline bool run_is_allowed(const struct space *space, unsigned vma_flags)
{
	const unsigned mode = atomic_load_relaxed(&thp_mode);

	if (mode == THP_NEVER || (vma_flags & (VMA_NOHUGE | VMA_ONFAULT | VMA_UF_WP)) ||
	    atomic_load_relaxed(&space->thp_disabled))
		return false;
	return (vma_flags & VMA_HUGE) || mode == THP_ALWAYS;
}

/* Is the space of a kind in which a fault that is alone does no more than its page? A recorded space is not. */
static inline bool run_is_barred(const struct space *space)
{
	return space->unusual & ~SPACE_ONLY_RECORDED;
}

/* Has the entry a page that the program has written, since it could be? */
static inline bool entry_is_written(struct mmu_entry entry)
{
	return entry_has_page(entry) && entry_flags(entry) & ENTRY_DIRTY &&
	       entry_prot(entry) & VM_PROT_WRITE;
}

/* Has the program written all pages of the leaf table, so that it could still do so? */
static inline bool is_table_written(const struct mmu_entry *table)
{
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		if (!entry_is_written(entry_load(&table[i])))
			return false;
	return true;
}

/*
 * A private frame of zeros has been installed: sets fault->run if pages ahead are to be filled, too. Returns VM_RUN then,
 * else VM_OK. The caller holds the space's lock, or is a reader.
 */
enum vm_outcome run_begin(struct fault *fault);

static inline enum vm_outcome run_begin_if_used(struct fault *fault)
{
	return unlikely(atomic_load_relaxed(&thp_mode)) ? run_begin(fault) : VM_OK;
}

/*
 * After VM_RUN: fills the pages. It never waits and never has memory reclaimed: it ends early if memory is short, or if
 * the mapping or an entry is not what it was. Call with no lock held.
 */
void run_fill(struct fault *fault);

/*
 * A write was resolved by REUSE: makes pages ahead writable that need no copy either, as after mprotect or when a child of fork
 * is gone. The caller holds the space's lock.
 */
void run_reuse(struct fault *fault);

static inline void run_reuse_if_used(struct fault *fault)
{
	if (unlikely(atomic_load_relaxed(&thp_mode)))
		run_reuse(fault);
}

/* The zero page has been installed for a read: maps it ahead, too. The caller is as for run_begin(). */
void run_zeros(struct fault *fault);

static inline void run_zeros_if_used(struct fault *fault)
{
	if (unlikely(atomic_load_relaxed(&thp_mode)))
		run_zeros(fault);
}
