/* SPDX-License-Identifier: MIT */
/* Where a space's page tables are, so that empty ranges are skipped in bulk. */
/*
 * There is a bit for each root entry in use. For up to four middle tables, there is also a bit for
 * each entry in use. The entries of other middle tables are looked at one by one. Upper tables are
 * large and mostly empty: without these hints, unmapping a gigabyte that was never touched would
 * read 512 entries twice.
 */
#pragma once

#include "arch/mmu.h"
#include "arch/riscv/sv39.h"
#include "lib/bits.h"

#define HINT_SLOTS  4
#define HINT_ROOTS  0 /* hints[0..3]: root entries in use */
#define HINT_OWNER  4 /* hints[4..7]: root index + 1 of the slot's table; 0: free */
#define HINT_LEAVES 8 /* hints[8..39]: entries in use of each slot's table */
#define HINT_WORDS  (TABLE_ENTRIES / 64)

_Static_assert(HINT_LEAVES + HINT_SLOTS * HINT_WORDS == MMU_HINTS, "the hints fit");

/*
 * A de Bruijn sequence: each value of six bits occurs once in it. It is made by appending a 1
 * whenever the last six bits are then new.
 */
#define HINT_SEQUENCE 0x3f79d71b4cb0a89ul

/*
 * Returns the number of the lowest bit set in x, which is not 0. Shifting the sequence by that
 * number brings six bits to its top that identify it. There is no loop, because every unmap comes
 * through here.
 */
static inline unsigned hint_lowest(uint64_t x)
{
	static const uint8_t number[64] = {
		0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,
		62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
		63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
		46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
	};

	return number[((x & -x) * HINT_SEQUENCE) >> 58];
}

static inline void hint_set(uint64_t *bits, unsigned bit)
{
	bits[bit / 64] |= 1ul << bit % 64;
}

static inline void hint_clear(uint64_t *bits, unsigned bit)
{
	bits[bit / 64] &= ~(1ul << bit % 64);
}

/* Returns the first bit of [from, end) that is set, or end. */
static inline unsigned hint_next(const uint64_t *bits, unsigned from, unsigned end)
{
	while (from < end) {
		uint64_t rest = bits[from / 64] >> from % 64;

		if (rest)
			return MIN(from + hint_lowest(rest), end);
		from = ALIGN_DOWN(from, 64u) + 64;
	}
	return end;
}

/* Returns the slot of the table at that root entry, or -1. For root -1 it returns a free slot. */
static inline int hint_slot(const struct mmu *mmu, unsigned root)
{
	for (int i = 0; i < HINT_SLOTS; i++)
		if (mmu->hints[HINT_OWNER + i] == root + 1)
			return i;
	return -1;
}

/* Returns the bits of the table at that root entry, or NULL if it has no slot. */
static inline uint64_t *hint_leaves(struct mmu *mmu, unsigned root)
{
	int slot = hint_slot(mmu, root);

	return slot < 0 ? NULL : &mmu->hints[HINT_LEAVES + slot * (int)HINT_WORDS];
}

/* Records a new middle table at that root entry. */
static inline void hint_add_middle(struct mmu *mmu, unsigned root)
{
	int slot = hint_slot(mmu, -1u);

	hint_set(&mmu->hints[HINT_ROOTS], root);
	if (slot >= 0)
		mmu->hints[HINT_OWNER + slot] = root + 1;
}

/* Records that the middle table is gone, and its leaf tables with it. */
static inline void hint_drop_middle(struct mmu *mmu, unsigned root)
{
	int slot = hint_slot(mmu, root);

	hint_clear(&mmu->hints[HINT_ROOTS], root);
	if (slot >= 0)
		mmu->hints[HINT_OWNER + slot] = 0;
}

/* Records a new leaf table for va. */
static inline void hint_add_leaf(struct mmu *mmu, vaddr_t va)
{
	uint64_t *leaves = hint_leaves(mmu, root_index(va));

	if (leaves)
		hint_set(leaves, middle_index(va));
}

static inline void hint_drop_leaf(struct mmu *mmu, vaddr_t va)
{
	uint64_t *leaves = hint_leaves(mmu, root_index(va));

	if (leaves)
		hint_clear(leaves, middle_index(va));
}

/* Returns the first address in [va, end) whose root entry is in use, or end. */
static inline vaddr_t hint_next_root(const struct mmu *mmu, vaddr_t va, vaddr_t end)
{
	unsigned last = (unsigned)((end - 1) >> ROOT_SHIFT);
	unsigned root = hint_next(&mmu->hints[HINT_ROOTS], root_index(va), last + 1);
	vaddr_t found = (vaddr_t)root << ROOT_SHIFT;

	return found < va ? va : MIN(found, end);
}

/*
 * Returns the address of the next leaf table after that of va, or the end of va's root entry.
 * `leaves` are the bits of its middle table.
 */
static inline vaddr_t hint_next_leaf(const uint64_t *leaves, vaddr_t va)
{
	unsigned next = hint_next(leaves, middle_index(va) + 1, TABLE_ENTRIES);

	return ALIGN_DOWN(va, ROOT_SPAN) + next * MIDDLE_SPAN;
}
