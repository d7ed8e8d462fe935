/* SPDX-License-Identifier: MIT */
/* Where a space's tables are, kept beside them, so that empty ranges are skipped in bulk. */
/*
 * There is a bit for each root entry in use, and for the first four middle tables
 * a bit for each entry in use. The entries of other middle tables are looked at one by one. Upper
 * tables are large and mostly empty: without this, unmapping a gigabyte that nobody touched would
 * read 512 entries twice.
 */
#pragma once

#include "arch/mmu.h"
#include "arch/riscv/sv39.h"
#include "lib/bits.h"

#define HINT_SLOTS  4
#define HINT_ROOTS  0 /* hints[0..3]: root entries in use */
#define HINT_OWNER  4 /* hints[4..7]: the slot's root index + 1; 0 is free */
#define HINT_LEAVES 8 /* hints[8..39]: a slot's table: entries in use */
#define HINT_WORDS  (TABLE_ENTRIES / 64)

_Static_assert(HINT_LEAVES + HINT_SLOTS * HINT_WORDS == MMU_HINTS, "the hints fit");

/*
 * Ones first wherever the last six bits then were not there before: any six bits in a row occur
 * once.
 */
#define HINT_SEQUENCE 0x3f79d71b4cb0a89ul

/*
 * Number of the lowest bit set, told by the six bits that a shift of the sequence by it begins
 * with. No loop: this is on the way of every unmap. => x is not 0
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

/* The first bit of [from, end) that is set; end: none. */
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

/* The slot of that root entry's table; -1: none. root may be a free slot's (-1). */
static inline int hint_slot(const struct mmu *mmu, unsigned root)
{
	for (int i = 0; i < HINT_SLOTS; i++)
		if (mmu->hints[HINT_OWNER + i] == root + 1)
			return i;
	return -1;
}

/* The bits of that root entry's table; NULL: it has no slot. */
static inline uint64_t *hint_leaves(struct mmu *mmu, unsigned root)
{
	int slot = hint_slot(mmu, root);

	return slot < 0 ? NULL : &mmu->hints[HINT_LEAVES + slot * (int)HINT_WORDS];
}

/* A middle table came to be at that root entry. */
static inline void hint_add_middle(struct mmu *mmu, unsigned root)
{
	int slot = hint_slot(mmu, -1u);

	hint_set(&mmu->hints[HINT_ROOTS], root);
	if (slot >= 0)
		mmu->hints[HINT_OWNER + slot] = root + 1;
}

/* It is gone, as are its leaf tables. */
static inline void hint_drop_middle(struct mmu *mmu, unsigned root)
{
	int slot = hint_slot(mmu, root);

	hint_clear(&mmu->hints[HINT_ROOTS], root);
	if (slot >= 0)
		mmu->hints[HINT_OWNER + slot] = 0;
}

/* A leaf table came to be for va. */
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

/* The first address in [va, end) whose root entry is in use; end: none. */
static inline vaddr_t hint_next_root(const struct mmu *mmu, vaddr_t va, vaddr_t end)
{
	unsigned last = (unsigned)((end - 1) >> ROOT_SHIFT);
	unsigned root = hint_next(&mmu->hints[HINT_ROOTS], root_index(va), last + 1);
	vaddr_t found = (vaddr_t)root << ROOT_SHIFT;

	return found < va ? va : MIN(found, end);
}

/* Where the next leaf table may begin behind va's, up to the end of its root entry; leaves: its bits. */
static inline vaddr_t hint_next_leaf(const uint64_t *leaves, vaddr_t va)
{
	unsigned next = hint_next(leaves, middle_index(va) + 1, TABLE_ENTRIES);

	return ALIGN_DOWN(va, ROOT_SPAN) + next * MIDDLE_SPAN;
}
