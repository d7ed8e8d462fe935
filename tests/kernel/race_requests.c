/* SPDX-License-Identifier: MIT */
/* How often a verb asks the firmware for fences on other harts, on which threads of the same process run. */
#include "abi/mman.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "sync/preempt.h"
#include "sync/spinlock.h"
#include "tests/kernel/race.h"

#define LEN	 (4 * PAGE_SIZE)
#define LEAF	 (512 * PAGE_SIZE) /* what a leaf table maps */
#define HERE	 0x80000000ul
#define MOVED_TO 0x90000000ul

static void unmap_all_of(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_unmap(&race_space->space, at, len));
}

static void unmap_a_page(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_unmap(&race_space->space, at + len - PAGE_SIZE, PAGE_SIZE));
}

static void protect_none(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_protect(&race_space->space, at, len, 0));
}

static void protect_read(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_protect(&race_space->space, at, len, READ));
}

static void protect_all(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_protect(&race_space->space, at, len, READ_WRITE | EXEC));
}

static void advise_dontneed(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_madvise(&race_space->space, at, len, MADV_DONTNEED));
}

static void advise_cold(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_madvise(&race_space->space, at, len, MADV_COLD));
}

static void advise_free(vaddr_t at, size_t len)
{
	EXPECT_EQ(0, vm_madvise(&race_space->space, at, len, MADV_FREE));
}

static void remap_to(vaddr_t at, size_t old_len, size_t new_len, unsigned flags)
{
	vaddr_t where;

	EXPECT_EQ(0, vm_remap(&race_space->space, at, old_len, new_len, flags, MOVED_TO, &where));
}

static void move_away(vaddr_t at, size_t len)
{
	remap_to(at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED);
}

static void move_half_away(vaddr_t at, size_t len)
{
	move_away(at, len / 2);
}

static void shrink_to_a_page(vaddr_t at, size_t len)
{
	remap_to(at, len, PAGE_SIZE, 0);
}

static void grow_by_a_page(vaddr_t at, size_t len)
{
	remap_to(at, len, len + PAGE_SIZE, 0);
}

/*
 * R125: each for memory of which a page in each `step` has been written to; and how many requests it takes. Most verbs that take
 * something away need one, and text that is new to other harts is one. The last four need more: each leaf table has its own, and
 * so have the tables that a move frees.
 */
static const struct {
	const char *name;
	void (*verb)(vaddr_t at, size_t len);
	size_t len, step;
	unsigned requests;
} cases[] = {
	{ "munmap of a page", unmap_a_page, LEN, PAGE_SIZE, 1 },
	{ "munmap of a table", unmap_all_of, LEAF, PAGE_SIZE, 1 },
	{ "munmap of seven tables", unmap_all_of, 7 * LEAF, LEAF, 1 },
	{ "mprotect to nothing", protect_none, LEN, PAGE_SIZE, 1 },
	{ "mprotect to read", protect_read, LEAF, PAGE_SIZE, 1 },
	{ "mprotect to execute", protect_all, LEN, PAGE_SIZE, 1 },
	{ "mremap of a part of a table", move_half_away, LEN, PAGE_SIZE, 1 },
	{ "mremap to less", shrink_to_a_page, LEN, PAGE_SIZE, 1 },
	{ "mremap to more", grow_by_a_page, LEN, PAGE_SIZE, 0 },
	{ "MADV_DONTNEED of a table", advise_dontneed, LEAF, PAGE_SIZE, 1 },
	{ "MADV_COLD", advise_cold, LEN, PAGE_SIZE, 0 },
	{ "MADV_FREE", advise_free, LEN, PAGE_SIZE, 1 },
	{ "munmap of two tables", unmap_all_of, 2 * LEAF, PAGE_SIZE, 2 },
	{ "MADV_DONTNEED of two tables", advise_dontneed, 2 * LEAF, PAGE_SIZE, 2 },
	{ "mprotect of two tables", protect_read, 2 * LEAF, LEAF, 2 },
	{ "mremap of a table", move_away, LEN, PAGE_SIZE, 2 },
};

static uint64_t requests_of(void (*verb)(vaddr_t at, size_t len), size_t len, size_t step)
{
	uint64_t before;

	EXPECT_TRUE(race_map(HERE, len, MAP_PRIVATE, NULL));
	for (vaddr_t at = HERE; at < HERE + len; at += step)
		EXPECT_TRUE(race_store(at, 1));
	uspace_lock(race_space);
	before = hart_this()->counters[HART_FENCES];
	verb(HERE, len);
	before = hart_this()->counters[HART_FENCES] - before;
	unmap_all_of(HERE, len + PAGE_SIZE);
	unmap_all_of(MOVED_TO, len);
	uspace_unlock(race_space);
	return before;
}

static void count_requests(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t expected = hart_are_several() ? cases[i].requests : 0;
		uint64_t found = requests_of(cases[i].verb, cases[i].len, cases[i].step);

		if (found != expected)
			ktest_fail(__FILE__, __LINE__, cases[i].name, expected, found);
	}
}

/* Keeps its hart, and the memory on it. */
static void stay_there(void)
{
	if (!hart_are_several())
		return;
	preempt_disable();
	while (!race_others_are_done())
		spin_pause();
	preempt_enable();
}

RACE(race_verbs_have_other_harts_fence_once, .rounds = 1, .shares_space = true,
     .sides = { count_requests, stay_there })
