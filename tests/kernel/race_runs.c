/* SPDX-License-Identifier: MIT */
/* Runs (mm/fault/run.h) beside one another and against verbs (R14, R16, R130). */
#include "abi/mman.h"
#include "mm/fault/run.h"
#include "mm/space/space_lock.h"
#include "tests/kernel/race.h"

#define TABLE_SPAN  (MMU_LEAF_ENTRIES * PAGE_SIZE)
#define TABLE	    0x40000000ul
#define PAGES	    96u
#define AREA	    (TABLE + TABLE_SPAN - PAGES / 2 * PAGE_SIZE) /* across a border between two tables */
#define WORD(n)	    ((n) * sizeof(uint64_t))
#define STORED(who) (0x5e00ul + (who))

static unsigned before;

static vaddr_t page_at(unsigned page)
{
	return AREA + page * PAGE_SIZE;
}

static void map_area(void)
{
	before = atomic_load_relaxed(&thp_mode);
	atomic_store(&thp_mode, THP_ALWAYS);
	EXPECT_TRUE(race_map(AREA, PAGES * PAGE_SIZE, MAP_PRIVATE, NULL));
}

static void sweep_page(unsigned page)
{
	uint64_t word;

	if (race_lot(16) == 0)
		EXPECT_TRUE(race_load(page_at(page), &word));
	EXPECT_TRUE(race_store(page_at(page) + WORD(race_side()), STORED(race_side())));
}

static void sweep_up(void)
{
	for (unsigned page = 0; page < PAGES; page++)
		sweep_page(page);
}

static void sweep_down(void)
{
	for (unsigned page = PAGES; page-- > 0;)
		sweep_page(page);
}

/* No store is lost, each page has one frame, and each frame is counted once. */
static void all_is_there(void)
{
	struct space *space = &race_space->space;
	const struct space_stats *stats = &space->stats;

	for (unsigned page = 0; page < PAGES; page++)
		for (unsigned side = 0; side < RACE_SIDES; side++) {
			uint64_t word = 0;

			EXPECT_TRUE(race_load(page_at(page) + WORD(side), &word));
			EXPECT_EQ(STORED(side), word);
		}
	space_count(space);
	EXPECT_EQ(PAGES, space->resident);
	EXPECT_EQ(PAGES, stats->kind[FAULT_FILL] - stats->zero_maps + stats->kind[FAULT_COW] +
				 stats->ahead);
	atomic_store(&thp_mode, before);
}

RACE(race_runs_beside_runs, .rounds = 12, .shares_space = true, .begin = map_area,
     .sides = { sweep_up, sweep_down, sweep_up }, .end = all_is_there)

/* ---- against verbs ---- */

#define TURNS 16

static bool has_ended;

static void map_for_verbs(void)
{
	has_ended = false;
	map_area();
}

static void mode_as_before(void)
{
	atomic_store(&thp_mode, before);
}

/* Stores are lost with their pages: what is read is what was stored, or nothing. */
static void sweep_about(void)
{
	while (!atomic_load(&has_ended)) {
		unsigned first = race_lot(PAGES), n = 1 + race_lot(PAGES - first);
		uint64_t word;

		for (unsigned i = 0; i < n; i++) {
			vaddr_t at = page_at(race_side() % 2 ? first + i : first + n - 1 - i);

			(void)race_store(at + WORD(race_side()), STORED(race_side()));
			if (race_load(at + WORD(race_side()), &word) && word)
				EXPECT_EQ(STORED(race_side()), word);
		}
	}
}

/* What was thrown away is gone, and what may not be written has no page that may be. */
static void verbs_about(void)
{
	struct space *space = &race_space->space;

	for (unsigned i = 0; i < TURNS; i++) {
		unsigned first = race_lot(PAGES), n = 1 + race_lot(PAGES - first);
		struct uspace *child;

		uspace_lock(race_space);
		EXPECT_EQ(0, vm_madvise(space, page_at(first), n * PAGE_SIZE, MADV_DONTNEED));
		EXPECT_EQ(0, vm_protect(space, page_at(first), n * PAGE_SIZE, VM_PROT_READ));
		for (unsigned page = first; page < first + n; page++)
			EXPECT_EQ(0, entry_prot(space_entry(race_space, page_at(page))) &
					     VM_PROT_WRITE);
		EXPECT_EQ(0, vm_unmap(space, page_at(first), n * PAGE_SIZE));
		for (unsigned page = first; page < first + n; page++)
			EXPECT_TRUE(entry_empty(space_entry(race_space, page_at(page))));
		uspace_unlock(race_space);
		EXPECT_TRUE(race_map(page_at(first), n * PAGE_SIZE, MAP_PRIVATE, NULL));
		child = i % 4 == 0 ? race_fork_space() : NULL;
		if (child)
			uspace_put(child);
	}
	atomic_store(&has_ended, true);
}

RACE(race_runs_against_verbs, .rounds = 6, .shares_space = true, .begin = map_for_verbs,
     .sides = { verbs_about, sweep_about, sweep_about }, .end = mode_as_before)
