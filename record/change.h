/* SPDX-License-Identifier: MIT */
/* What changes entries of a space besides faults, and entries as the journal has them. */
#pragma once

#include "mm/record.h"
#include "mm/space/space_lock.h"
#include "record/journal.h"

/* mm_record.changed(): writes a record, or several, at once. If the ring fills up, the running thread waits later. */
void record_change(struct space *space, enum change what, uint64_t start, uint64_t end,
		   uint64_t more);

/* Writes what is mapped in [start, end), which is within the VMA: one AREA. The caller holds the space's lock. */
void record_area(const struct vma *vma, vaddr_t start, vaddr_t end);

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
