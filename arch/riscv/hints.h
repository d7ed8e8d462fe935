/* Where a space's tables are, kept beside them, so that empty ranges are skipped in bulk. */
/*
 * There is a bit for each root entry in use, and for the first four middle tables
 * a bit for each chunk of eight entries. What has no hint is taken to be in use. Upper tables are
 * large and mostly empty: without this, unmapping a gigabyte that nobody touched would read 512
 * entries twice.
 */
#pragma once

#include "arch/mmu.h"
#include "arch/riscv/sv39.h"
#include "lib/bits.h"

#define HINT_SLOTS	4
#define HINT_ROOTS	0  /* hints[0..3]: root entries in use */
#define HINT_CHUNKS	4  /* hints[4..7]: chunks in use of a slot's table */
#define HINT_OWNER	8  /* hints[8..11]: the slot's root index + 1; 0 is free */
#define HINT_CHUNK	8u /* middle entries to a bit */
#define HINT_CHUNK_SPAN (MIDDLE_SPAN * HINT_CHUNK)

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

/* The chunks of that root entry's table; NULL: no slot. root may be a free slot's (-1). */
static inline uint64_t *hint_chunks(struct mmu *mmu, unsigned root)
{
	for (unsigned i = 0; i < HINT_SLOTS; i++)
		if (mmu->hints[HINT_OWNER + i] == root + 1)
			return &mmu->hints[HINT_CHUNKS + i];
	return NULL;
}

/* A middle table came to be at that root entry. */
static inline void hint_add_middle(struct mmu *mmu, unsigned root)
{
	uint64_t *chunks = hint_chunks(mmu, -1u);

	mmu->hints[HINT_ROOTS + root / 64] |= 1ul << root % 64;
	if (chunks) {
		chunks[0] = 0;
		chunks[HINT_OWNER - HINT_CHUNKS] = root + 1;
	}
}

static inline void hint_drop_middle(struct mmu *mmu, unsigned root)
{
	uint64_t *chunks = hint_chunks(mmu, root);

	mmu->hints[HINT_ROOTS + root / 64] &= ~(1ul << root % 64);
	if (chunks)
		chunks[HINT_OWNER - HINT_CHUNKS] = 0;
}

/* A leaf table came to be for va. */
static inline void hint_add_leaf(struct mmu *mmu, vaddr_t va)
{
	uint64_t *chunks = hint_chunks(mmu, root_index(va));

	if (chunks)
		*chunks |= 1ul << middle_index(va) / HINT_CHUNK;
}

/* A leaf table is gone; `middle` is the table that named it. */
static inline void hint_drop_leaf(struct mmu *mmu, vaddr_t va, const pte_t *middle)
{
	uint64_t *chunks = hint_chunks(mmu, root_index(va));
	unsigned chunk = middle_index(va) / HINT_CHUNK;
	pte_t any = 0;

	if (!chunks)
		return;
	for (unsigned i = 0; i < HINT_CHUNK; i++)
		any |= middle[chunk * HINT_CHUNK + i];
	if (!any)
		*chunks &= ~(1ul << chunk);
}

/* The first address in [va, end) whose root entry is in use; end: none. */
static inline vaddr_t hint_next_root(const struct mmu *mmu, vaddr_t va, vaddr_t end)
{
	unsigned root = (unsigned)(va >> ROOT_SHIFT);
	unsigned last = (unsigned)((end - 1) >> ROOT_SHIFT);

	while (root <= last) {
		uint64_t rest = mmu->hints[HINT_ROOTS + root / 64] >> root % 64;

		if (rest) {
			vaddr_t found = (vaddr_t)(root + hint_lowest(rest)) << ROOT_SHIFT;

			return found < va ? va : MIN(found, end);
		}
		root = ALIGN_DOWN(root, 64u) + 64;
	}
	return end;
}

/* The first address from va on, up to the end of its root entry, whose chunk is in use. */
static inline vaddr_t hint_next_chunk(const uint64_t *chunks, vaddr_t va)
{
	unsigned chunk = middle_index(va) / HINT_CHUNK;
	uint64_t rest = chunks ? *chunks >> chunk : 1;

	if (rest & 1)
		return va;
	if (!rest)
		return ALIGN_DOWN(va, ROOT_SPAN) + ROOT_SPAN;
	return ALIGN_DOWN(va, HINT_CHUNK_SPAN) + hint_lowest(rest) * HINT_CHUNK_SPAN;
}
