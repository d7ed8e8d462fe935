/* SPDX-License-Identifier: MIT */
/* Large entries of a space: they are split where a part of their block is wanted. */
#pragma once

#include "mm/phys/large_page.h"
#include "mm/phys/page_alloc.h"
#include "mm/space/space_lock.h"

/*
 * A large entry lies whole in one VMA. Whoever splits a VMA, or changes some of a block's entries, splits the large entry first.
 * The caller of these functions holds the space's lock.
 */

static inline vaddr_t large_base(vaddr_t va)
{
	return ALIGN_DOWN(va, MMU_LARGE_SIZE);
}

/* Replaces the large entry of the block at `base` by entries in `table`, and makes the fence. */
void large_split_to(struct space *space, vaddr_t base, paddr_t table, enum large_split_why why);

/* large_split_to() with a table that is allocated so. Returns 0 or -ENOMEM. */
int large_split(struct space *space, vaddr_t base, enum page_alloc_from from,
		enum large_split_why why);

/* large_split_edges() of a space that has large entries. */
int large_split_found(struct space *space, vaddr_t start, vaddr_t end, enum page_alloc_from from);

/* Splits the large entries of which [start, end) has a part only. Returns 0, or -ENOMEM with as much split as was possible. */
static inline int large_split_edges(struct space *space, vaddr_t start, vaddr_t end,
				    enum page_alloc_from from)
{
	return likely(!space->large) ? 0 : large_split_found(space, start, end, from);
}

/* large_note_ref() for the page at va, which has just been referenced, if a large entry maps it. */
void large_note_ref_at(const struct space *space, vaddr_t va);

/* Returns the entry of the page at va: of its own, or as its large entry has it. ENTRY_NONE: there is none. */
struct mmu_entry entry_at(const struct space *space, vaddr_t va);
