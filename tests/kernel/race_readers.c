/* SPDX-License-Identifier: MIT */
/* Faults that take no lock, beside one another and against verbs (mm/space/space_lock.h; R16, R65). */
#include "abi/mman.h"
#include "lib/bits.h"
#include "mm/space/space_lock.h"
#include "proc/sched.h"
#include "sync/interleave.h"
#include "tests/kernel/race.h"

#define TABLE_SPAN  (MMU_LEAF_ENTRIES * PAGE_SIZE)
#define TABLE	    0x40000000ul
#define COMMON	    16u /* pages that all sides fill */
#define OWN	    8u	/* pages that each fills alone */
#define PAGES	    (COMMON + RACE_SIDES * OWN)
/* The common pages are on both sides of a border between two tables. */
#define AREA	    (TABLE + TABLE_SPAN - COMMON / 2 * PAGE_SIZE)
#define WORD(n)	    ((n) * sizeof(uint64_t))
#define STORED(who) (0x4e00ul + (who))

static vaddr_t page_at(unsigned page)
{
	return AREA + page * PAGE_SIZE;
}

static void map_area(void)
{
	EXPECT_TRUE(race_map(TABLE, 2 * TABLE_SPAN, MAP_PRIVATE, NULL));
}

/* ---- faults against faults ---- */

static void fill(unsigned page)
{
	unsigned side = race_side();
	uint64_t word;

	if (race_lot(12) == 0) {
		EXPECT_TRUE(race_load(page_at(page) + WORD(side), &word));
		EXPECT_EQ(0, word);
	}
	EXPECT_TRUE(race_store(page_at(page) + WORD(side), STORED(side)));
	EXPECT_TRUE(race_load(page_at(page) + WORD(side), &word));
	EXPECT_EQ(STORED(side), word);
}

static void fill_all(void)
{
	unsigned first = race_lot(2) * race_lot(COMMON);

	for (unsigned i = 0; i < COMMON; i++) {
		fill((first + i) % COMMON);
		if (i < OWN)
			fill(COMMON + race_side() * OWN + i);
	}
}

/* No store is lost, and nothing is counted twice, or not at all. */
static void all_is_counted(void)
{
	struct space *space = &race_space->space;
	const struct space_stats *stats = &space->stats;

	for (unsigned page = 0; page < COMMON; page++)
		for (unsigned side = 0; side < RACE_SIDES; side++) {
			uint64_t word = 0;

			EXPECT_TRUE(race_load(page_at(page) + WORD(side), &word));
			EXPECT_EQ(STORED(side), word);
		}
	EXPECT_EQ(PAGES, space_resident(space));
	space_count(space);
	EXPECT_EQ(PAGES, space->resident);
	EXPECT_EQ(PAGES, stats->peak_resident);
	EXPECT_EQ(PAGES, stats->kind[FAULT_FILL]);
	EXPECT_EQ(stats->zero_maps, stats->kind[FAULT_COW]);
	space_lock(space);
	EXPECT_EQ(PAGES, vma_find(space, AREA)->faults.kind[FAULT_FILL]);
	space_unlock(space);
}

RACE(race_faults_beside_faults, .rounds = 12, .shares_space = true, .begin = map_area,
     .sides = { fill_all, fill_all, fill_all }, .end = all_is_counted)

/* ---- one entry for several ---- */

static struct mmu_entry slot;
static unsigned nholders, nshared;

/* Who maps a page where none is has the entry to himself, until he empties it. */
static void take_and_give_back(void)
{
	const struct mmu_entry mine = entry_make(1 + race_side(), READ, 0);

	for (unsigned i = 0; i < 200; i++) {
		for (unsigned n = 1; !arch_mmu_map_first(&slot, AREA, mine); n++) {
			spin_pause();
			if (n % 16 == 0)
				sched_yield();
		}
		if (atomic_add(&nholders, 1) != 0)
			atomic_add(&nshared, 1);
		atomic_add(&nholders, -1);
		atomic_store(&slot.word, 0);
	}
}

static void nobody_has_shared(void)
{
	EXPECT_EQ(0, nshared);
}

/* R16: of several that fault on a page, one adds it. */
RACE(race_entry_is_taken_by_one, .rounds = 8,
     .sides = { take_and_give_back, take_and_give_back, take_and_give_back },
     .end = nobody_has_shared)

/* ---- faults against verbs that take everything away ---- */

#define TURNS 12

static bool has_ended;

static void map_for_verbs(void)
{
	has_ended = false;
	map_area();
}

/* Whatever the verbs do to it meanwhile. */
static void fault_about(void)
{
	while (!atomic_load(&has_ended)) {
		vaddr_t at = page_at(race_lot(COMMON)) + WORD(race_side());
		uint64_t word;

		(void)race_store(at, STORED(race_side()));
		if (race_load(at, &word) && word)
			EXPECT_EQ(STORED(race_side()), word);
	}
}

static int unmap_area(struct space *space)
{
	return vm_unmap(space, TABLE, 2 * TABLE_SPAN);
}

static int protect_none(struct space *space)
{
	return vm_protect(space, TABLE, 2 * TABLE_SPAN, 0);
}

static int protect_read_write(struct space *space)
{
	return vm_protect(space, TABLE, 2 * TABLE_SPAN, READ_WRITE);
}

static void under_lock(int (*fn)(struct space *space))
{
	uspace_lock(race_space);
	EXPECT_EQ(0, fn(&race_space->space));
	uspace_unlock(race_space);
}

/* Once a verb has ended, no fault that it has not seen adds anything. */
static void unmap_and_map(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		under_lock(unmap_area);
		for (unsigned page = 0; page < COMMON; page++)
			EXPECT_TRUE(entry_empty(space_entry(race_space, page_at(page))));
		EXPECT_EQ(0, race_space->space.resident);
		map_area();
		for (unsigned n = race_lot(2000); n > 0; n--)
			spin_pause();
	}
	atomic_store(&has_ended, true);
}

static void forbid_and_allow(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		under_lock(protect_none);
		for (unsigned page = 0; page < COMMON; page++)
			EXPECT_EQ(0, entry_prot(space_entry(race_space, page_at(page))));
		under_lock(protect_read_write);
		for (unsigned n = race_lot(2000); n > 0; n--)
			spin_pause();
	}
	atomic_store(&has_ended, true);
}

RACE(race_faults_beside_munmap, .rounds = 6, .shares_space = true, .begin = map_for_verbs,
     .sides = { unmap_and_map, fault_about, fault_about })

RACE(race_faults_beside_mprotect, .rounds = 6, .shares_space = true, .begin = map_for_verbs,
     .sides = { forbid_and_allow, fault_about, fault_about })

#ifdef FAULTLINE_HARDENED

/* ---- a reader that comes as the lock is taken ---- */

static struct space *closed;

static void take_the_lock(enum interleave_kind kind, enum lock_class class, void *what)
{
	if (kind != INTERLEAVE_LOCK || class != LOCK_SPACE)
		return;
	interleave_hook = NULL;
	space_lock(closed);
	space_unlock(closed);
}

/* R65: the space was open at its first look. */
KTEST_IN_PROCESS_ALONE(reader_looks_again_when_it_has_said_that_it_is_inside)
{
	struct uspace *us = uspace_create();
	struct space_reader *reader;

	ASSERT_TRUE(us);
	closed = &us->space;
	space_share(closed);
	space_lock(closed);
	space_open(closed);
	space_unlock(closed);
	interleave_hook = take_the_lock;
	reader = space_enter(closed);
	EXPECT_TRUE(!interleave_hook);
	interleave_hook = NULL;
	EXPECT_TRUE(!reader);
	if (reader)
		space_leave(closed, reader);
	uspace_put(us);
}

#endif
