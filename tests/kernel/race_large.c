/* SPDX-License-Identifier: MIT */
/* Large entries (mm/space/large_entry.h): made, split, shared and dropped by several threads at once (R14, R16, R64). */
#include "abi/errno.h"
#include "abi/mman.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/run.h"
#include "mm/phys/large_page.h"
#include "mm/space/large_entry.h"
#include "tests/kernel/race.h"

#define BLOCKS	    4u
#define AREA	    0x40000000ul
#define BLOCK_PAGES MMU_LEAF_ENTRIES
#define WORD(n)	    ((n) * sizeof(uint64_t))
#define STEP	    37u /* of the pages of a block, so many are passed over between two that are used */

static unsigned mode_before;

static vaddr_t block_at(unsigned block)
{
	return AREA + block * MMU_LARGE_SIZE;
}

static vaddr_t page_at(unsigned block, unsigned page)
{
	return block_at(block) + page * PAGE_SIZE;
}

static void advise(vaddr_t at, size_t len, int advice)
{
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_madvise(&race_space->space, at, len, advice));
	uspace_unlock(race_space);
}

static void map_blocks(void)
{
	mode_before = atomic_load_relaxed(&thp_mode);
	atomic_store(&thp_mode, THP_ALWAYS);
	EXPECT_TRUE(race_map(AREA, BLOCKS * MMU_LARGE_SIZE, MAP_PRIVATE, NULL));
	advise(AREA, BLOCKS * MMU_LARGE_SIZE, MADV_HUGEPAGE);
}

static void mode_as_before(void)
{
	atomic_store(&thp_mode, mode_before);
}

/* ---- all verbs at once ---- */

/*
 * The verbs of the first side leave the pages below FIRST of each block alone, but for a whole block that is dropped:
 * before and after that its `turn` is one more. So a word that another side has stored there is found, unless the turn has changed.
 */
#define FIRST 10u
#define TURNS 8u

static struct {
	unsigned turn;
} blocks[BLOCKS];

static bool has_ended;

static void map_for_all(void)
{
	has_ended = false;
	map_blocks();
}

static void store_and_see(unsigned block, unsigned page, uint64_t value)
{
	const unsigned turn = atomic_load(&blocks[block].turn);
	const vaddr_t at = page_at(block, page) + WORD(race_side());
	uint64_t word = 0;
	bool good = race_store(at, value) && race_load(at, &word);

	if (page >= FIRST) {
		if (good && word)
			EXPECT_EQ(value, word);
	} else if (turn % 2 == 0 && atomic_load(&blocks[block].turn) == turn) {
		EXPECT_TRUE(good);
		EXPECT_EQ(value, word);
	}
}

/* Writes by way of the kernel, as a read(2) of another thread does. */
static void pin_and_see(unsigned block, unsigned page, uint64_t value)
{
	const unsigned turn = atomic_load(&blocks[block].turn);
	const vaddr_t at = page_at(block, page);
	struct page *pinned;
	uint64_t word = 0;

	if (get_user_page(&race_space->space, at, VM_PROT_WRITE, &pinned))
		return;
	*(uint64_t *)((char *)page_address(pinned) + WORD(race_side())) = value;
	put_user_page(&race_space->space, pinned, VM_PROT_WRITE);
	if (page < FIRST && turn % 2 == 0 && race_load(at + WORD(race_side()), &word) &&
	    atomic_load(&blocks[block].turn) == turn)
		EXPECT_EQ(value, word);
}

static void use_blocks(void)
{
	for (uint64_t value = 1; !atomic_load(&has_ended); value++) {
		const unsigned block = race_lot(BLOCKS);
		const unsigned first = race_lot(2) ? race_lot(FIRST) : race_lot(BLOCK_PAGES);

		for (unsigned page = first; page < BLOCK_PAGES; page += STEP)
			store_and_see(block, page, value);
		pin_and_see(block, race_lot(FIRST), value + 1);
	}
}

/* A child has of each kept word what was stored before the fork, and its own stores are not the parent's. */
static void fork_and_look(void)
{
	struct uspace *child = race_fork_space();
	uint64_t word;

	if (!child)
		return;
	for (unsigned block = 0; block < BLOCKS; block++) {
		const unsigned page = race_lot(BLOCK_PAGES);

		(void)space_store(child, page_at(block, page) + WORD(7), 7);
		if (!race_load(page_at(block, page) + WORD(7), &word))
			continue;
		EXPECT_EQ(0, word);
	}
	uspace_put(child);
}

static void drop_whole(unsigned block)
{
	atomic_store(&blocks[block].turn, blocks[block].turn + 1);
	if (race_lot(2)) {
		advise(block_at(block), MMU_LARGE_SIZE, MADV_DONTNEED);
	} else {
		uspace_lock(race_space);
		EXPECT_EQ(0, vm_unmap(&race_space->space, block_at(block), MMU_LARGE_SIZE));
		uspace_unlock(race_space);
		EXPECT_TRUE(race_map(block_at(block), MMU_LARGE_SIZE, MAP_PRIVATE, NULL));
		advise(block_at(block), MMU_LARGE_SIZE, MADV_HUGEPAGE);
	}
	atomic_store(&blocks[block].turn, blocks[block].turn + 1);
}

/* A part of a block is dropped, loses permissions, goes, and comes again. */
static void change_part(unsigned block)
{
	const unsigned first = FIRST + race_lot(BLOCK_PAGES - FIRST);
	const unsigned n = 1 + race_lot(BLOCK_PAGES - first);
	const vaddr_t at = page_at(block, first);
	struct space *space = &race_space->space;

	uspace_lock(race_space);
	if (race_lot(2))
		EXPECT_EQ(0, vm_madvise(space, at, n * PAGE_SIZE, MADV_DONTNEED));
	EXPECT_EQ(0, vm_protect(space, at, n * PAGE_SIZE, VM_PROT_READ));
	space_lock(space);
	for (unsigned i = 0; i < n; i += STEP)
		EXPECT_EQ(0, entry_prot(entry_at(space, at + i * PAGE_SIZE)) & VM_PROT_WRITE);
	space_unlock(space);
	EXPECT_EQ(0, vm_protect(space, at, n * PAGE_SIZE, READ_WRITE));
	if (race_lot(2)) {
		EXPECT_EQ(0, vm_unmap(space, at, n * PAGE_SIZE));
		space_lock(space);
		for (unsigned i = 0; i < n; i += STEP)
			EXPECT_TRUE(entry_empty(entry_at(space, at + i * PAGE_SIZE)));
		space_unlock(space);
		uspace_unlock(race_space);
		EXPECT_TRUE(race_map(at, n * PAGE_SIZE, MAP_PRIVATE, NULL));
		advise(at, n * PAGE_SIZE, MADV_HUGEPAGE);
		return;
	}
	uspace_unlock(race_space);
}

/* Back to one entry, if no page is in use otherwise. */
static void collapse_block_again(unsigned block)
{
	int result;

	uspace_lock(race_space);
	result = vm_madvise(&race_space->space, block_at(block), MMU_LARGE_SIZE, MADV_COLLAPSE);
	uspace_unlock(race_space);
	EXPECT_TRUE(result == 0 || result == -EINVAL || result == -EAGAIN || result == -ENOMEM);
}

static void change_blocks(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		const unsigned block = race_lot(BLOCKS);

		change_part(block);
		collapse_block_again(block);
		if (i % 3 == 0)
			fork_and_look();
		drop_whole(race_lot(BLOCKS));
	}
	atomic_store(&has_ended, true);
}

RACE(race_large_against_verbs, .rounds = 3, .shares_space = true, .begin = map_for_all,
     .sides = { change_blocks, use_blocks, use_blocks }, .end = mode_as_before)

/* ---- a sweep whose pages become large ---- */

static unsigned swept; /* pages that the sweep has written */

static void map_for_sweep(void)
{
	has_ended = false;
	swept = 0;
	mode_before = atomic_load_relaxed(&thp_mode);
	atomic_store(&thp_mode, THP_ALWAYS);
	EXPECT_TRUE(race_map(AREA, 2 * MMU_LARGE_SIZE, MAP_PRIVATE, NULL));
}

static void sweep(void)
{
	for (unsigned page = 0; page < BLOCK_PAGES + STEP; page++) {
		EXPECT_TRUE(race_store(page_at(0, page), page + 1));
		atomic_store(&swept, page + 1);
	}
	atomic_store(&has_ended, true);
}

/* What has been written behind the sweep stays, whatever frame it is in. */
static void use_behind(void)
{
	const size_t mine = WORD(1 + race_side());

	while (!atomic_load(&has_ended)) {
		const unsigned n = atomic_load(&swept);
		const unsigned page = n ? race_lot(n) : 0;
		uint64_t word = 0;

		if (!n)
			continue;
		EXPECT_TRUE(race_store(page_at(0, page) + mine, n));
		EXPECT_TRUE(race_load(page_at(0, page), &word));
		EXPECT_EQ(page + 1, word);
		EXPECT_TRUE(race_load(page_at(0, page) + mine, &word));
		EXPECT_EQ(n, word);
	}
}

static void is_swept(void)
{
	uint64_t word;

	for (unsigned page = 0; page < BLOCK_PAGES + STEP; page++) {
		word = 0;
		EXPECT_TRUE(race_load(page_at(0, page), &word));
		EXPECT_EQ(page + 1, word);
	}
	mode_as_before();
}

RACE(race_large_after_a_sweep, .rounds = 4, .shares_space = true, .begin = map_for_sweep,
     .sides = { sweep, use_behind, use_behind }, .end = is_swept)

/* ---- the last of several that have a block ---- */

#define OLD	 0x01dul
#define NEW(who) (0x4e00ul + (who))

static struct uspace *members[RACE_SIDES];

static void make_members(void)
{
	map_blocks();
	for (unsigned block = 0; block < 2; block++)
		for (unsigned page = 0; page < BLOCK_PAGES; page += STEP)
			EXPECT_TRUE(race_store(page_at(block, page), OLD));
	EXPECT_EQ(2, race_space->space.large);
	for (unsigned side = 0; side < RACE_SIDES; side++) {
		members[side] = race_fork_space();
		EXPECT_TRUE(members[side]);
		EXPECT_EQ(2, members[side]->space.large);
	}
}

static void check_word(vaddr_t at, uint64_t expected)
{
	uint64_t word = ~expected;

	EXPECT_TRUE(race_load(at, &word));
	EXPECT_EQ(expected, word);
}

/* Each splits its own entry, and drops some of it. Nobody ever sees what another one has stored. */
static void copy_and_leave(void)
{
	const unsigned side = race_side();
	struct uspace *before = race_use_space(members[side]);

	for (unsigned block = 0; block < 2; block++) {
		for (unsigned page = 0; page < BLOCK_PAGES; page += STEP)
			EXPECT_TRUE(race_store(page_at(block, page) + WORD(1 + side), NEW(side)));
		if (race_lot(2)) {
			uspace_lock(members[side]);
			EXPECT_EQ(0, vm_unmap(&members[side]->space, page_at(block, 1),
					      (1 + race_lot(STEP - 1)) * PAGE_SIZE));
			uspace_unlock(members[side]);
		}
		for (unsigned page = 0; page < BLOCK_PAGES; page += STEP) {
			check_word(page_at(block, page), OLD);
			for (unsigned other = 0; other < RACE_SIDES; other++)
				check_word(page_at(block, page) + WORD(1 + other),
					   other == side ? NEW(side) : 0);
		}
	}
	uspace_put(race_use_space(before));
}

/* The first one, whose entries nobody has split, has the blocks for its own now. */
static void is_the_last(void)
{
	const struct space_stats *stats = &race_space->space.stats;
	const uint64_t copies = stats->kind[FAULT_COW];

	EXPECT_EQ(2, race_space->space.large);
	for (unsigned block = 0; block < 2; block++)
		for (unsigned page = 0; page < BLOCK_PAGES; page += STEP) {
			check_word(page_at(block, page), OLD);
			for (unsigned other = 0; other < RACE_SIDES; other++)
				check_word(page_at(block, page) + WORD(1 + other), 0);
			EXPECT_TRUE(race_store(page_at(block, page), NEW(0)));
		}
	EXPECT_EQ(2, race_space->space.large);
	EXPECT_EQ(copies, stats->kind[FAULT_COW]);
	mode_as_before();
}

RACE(race_last_of_a_block, .rounds = 8, .shares_space = true, .begin = make_members,
     .sides = { copy_and_leave, copy_and_leave, copy_and_leave }, .end = is_the_last)
