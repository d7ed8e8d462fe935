/* SPDX-License-Identifier: MIT */
/* What changes entries of a space besides faults, for the journal (record/journal.h). */
#pragma once

#include "mm/space/space_lock.h"
#include "record/journal.h"

/*
 * The caller of all holds the space's lock, under which it has made the change. A record is written
 * at once, into room that is kept for this. If the ring fills up, the running thread waits later,
 * where it holds no lock (mm_host.journal_fills()).
 */

/* Out of line: the space is recorded, also for those below. */
void space_record_entry(struct space *space, vaddr_t va, struct mmu_entry before,
			struct mmu_entry after);
void space_record_range(struct space *space, enum journal_type type, vaddr_t start, vaddr_t end,
			uint64_t more, uint64_t other);

/* The entry at va is another one. */
static inline void note_entry(struct space *space, vaddr_t va, struct mmu_entry before,
			      struct mmu_entry after)
{
	if (unlikely(space->recorded))
		space_record_entry(space, va, before, after);
}

/* The entries of [start, end) were moved by `delta`, which may be negative. */
static inline void note_moved(struct space *space, vaddr_t start, vaddr_t end, vaddr_t delta)
{
	if (unlikely(space->recorded))
		space_record_range(space, JOURNAL_MOVE, start, end, delta, 0);
}

/* The following two are for callers that know that the space is recorded. */

/* The entries of [start, end) were cleared. */
static inline void record_cleared(struct space *space, vaddr_t start, vaddr_t end)
{
	space_record_range(space, JOURNAL_CLEAR, start, end, 0, 0);
}

/* The entries of [start, end) have lost all permissions but `prot`. */
static inline void record_downgraded(struct space *space, vaddr_t start, vaddr_t end, unsigned prot)
{
	space_record_range(space, JOURNAL_DOWNGRADE, start, end, prot & 7, 0);
}

/*
 * fork has given the child the entries of [start, end), which is part of one VMA. Looks at both page
 * tables, so that it is all the same whether pages are shared or copied. The caller holds both locks.
 */
void space_record_copied(struct space *parent, struct space *child, vaddr_t start, vaddr_t end);

/*
 * What is mapped in [start, end): an AREA for each part of a VMA in it, and a NO_AREA for each hole. For
 * few VMAs.
 */
void space_record_areas(struct space *space, vaddr_t start, vaddr_t end);

/* Records what is mapped in [start, end), which is within the VMA: one AREA. */
void space_record_area(const struct vma *vma, vaddr_t start, vaddr_t end);

/* What is mapped in [start, end) is another VMA, or none. Few VMAs are there. */
static inline void note_areas(struct space *space, vaddr_t start, vaddr_t end)
{
	if (unlikely(space->recorded))
		space_record_areas(space, start, end);
}

/*
 * Records what is mapped in the busy range, at the end of a verb. The lock is released in between, so that the thread
 * can wait for room. The caller holds no other spinning lock, and the mmap lock.
 */
void space_record_verb(struct space *space);

/* ---- entries, as the journal has them ---- */

/* Kinds of pages. */
enum recorded_page { RECORDED_ZERO, RECORDED_PRIVATE, RECORDED_OBJECT, RECORDED_OTHER };

#define RECORDED_SWAP 0x20u /* an entry that has a slot, and nothing else */

/* An entry that has a page of that kind. */
static inline uint64_t recorded_present(struct mmu_entry entry, enum recorded_page page)
{
	return entry_record(entry) | (uint64_t)page << 10;
}

/* Any entry. */
uint64_t recorded_entry(struct mmu_entry entry);
