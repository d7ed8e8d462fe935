/* SPDX-License-Identifier: MIT */
/* Threads that run into one another in several spaces, while the pages go to swap and come back. */
#include "tests/kernel/weave.h"

#ifdef FAULTLINE_HARDENED

#include "abi/errno.h"
#include "abi/mman.h"
#include "boot/options.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/object/object_size.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_io.h"
#include "mm/swap/swap_off.h"
#include "proc/mutex.h"
#include "proc/sched.h"
#include "proc/swapoff.h"
#include "proc/wait.h"
#include "tests/kernel/family.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/late_disk.h"

#define ROUNDS	    6
#define DISK_ROUNDS 2
#define THREADS	    6
#define OPS	    200
#define ERRORS	    12 /* one request in so many, in every other round */
#define OFF_TRIES   8
#define AREA_LEAST  10
#define AREA_MOST   LATE_DISK_PAGES

static struct mutex file_lock;
static struct block_device *area;
static unsigned nliving, errors;
static uint64_t nswapoffs;

/* ---- the area ---- */

/* What swapoff(2) does, for spaces that are no process's. */
static int bring_all_back(void)
{
	struct member *member;
	unsigned next = 0;
	int err = 0;

	while (!err && (member = family_get_next(&next))) {
		err = swap_in_space(&member->us->space, NULL);
		family_put(member);
	}
	return err ?: swap_in_objects();
}

/* It fails if a read does, or if a member that was forked meanwhile has pages that are out. */
static void switch_off_and_on(void)
{
	int err;

	if (swap_off_begin(area))
		return; /* another thread is at it */
	err = bring_all_back() ?: swap_off_end();
	for (unsigned i = 0; i < OFF_TRIES && err == -EAGAIN; i++) {
		sched_yield();
		err = swap_off_end();
	}
	if (err) {
		swap_off_cancel();
		return;
	}
	nswapoffs++;
	while (swap_on(area)) /* the header can't be read, or there is no memory */
		sched_yield();
}

/* ---- what the threads do ---- */

static void advise_private(struct member *member, int advice)
{
	unsigned page = (unsigned)weave_below(FAMILY_PRIVATE);
	unsigned n = 1 + (unsigned)weave_below(FAMILY_PRIVATE - page);

	(void)vm_madvise(&member->us->space, family_va(member, page), n * PAGE_SIZE, advice);
}

static void page_out(struct member *member)
{
	int advice = weave_below(4) ? MADV_PAGEOUT : MADV_COLD;

	uspace_lock(member->us);
	if (weave_below(3))
		advise_private(member, advice);
	else
		(void)vm_madvise(&member->us->space, FAMILY_FILE, FAMILY_SHARED * PAGE_SIZE,
				 advice);
	uspace_unlock(member->us);
}

/* Often when pages are out: then both refer to their slots. */
static void fork_some(struct member *member)
{
	if (weave_below(2))
		page_out(member);
	family_fork(member);
}

/* (Where the pages are not mapped, -ENOMEM says so, and all others are thrown away.) */
static void drop(struct member *member, unsigned page, unsigned n)
{
	struct space *space = &member->us->space;
	vaddr_t offset = page * PAGE_SIZE;

	family_discard_begin(member, page, n);
	(void)vm_madvise(space, FAMILY_HERE + offset, n * PAGE_SIZE, MADV_DONTNEED);
	(void)vm_madvise(space, FAMILY_THERE + offset, n * PAGE_SIZE, MADV_DONTNEED);
	family_discard_end(member, page, n, true);
}

static void change_map(struct member *member)
{
	static const unsigned prots[] = { READ_WRITE, READ_WRITE, READ, 0 };
	unsigned page = (unsigned)weave_below(FAMILY_PRIVATE);
	unsigned n = 1 + (unsigned)weave_below(FAMILY_PRIVATE - page);

	uspace_lock(member->us);
	switch (weave_below(6)) {
	case 0:
		drop(member, page, n);
		break;
	case 1:
		family_unmap_and_map(member, page, n, weave_below(2));
		break;
	case 2:
	case 3:
		family_move(member, page, n);
		break;
	default:
		family_protect(member, page, n, prots[weave_below(ARRAY_SIZE(prots))]);
	}
	uspace_unlock(member->us);
}

/* What is cut off is gone in all spaces. */
static void truncate(void)
{
	unsigned left = (unsigned)weave_below(FAMILY_SHARED);
	int err;

	mutex_lock(&file_lock);
	family_discard_begin(NULL, FAMILY_PRIVATE + left, FAMILY_SHARED - left);
	err = object_set_size(family_object, left * PAGE_SIZE);
	if (!err)
		err = object_set_size(family_object, FAMILY_SHARED * PAGE_SIZE);
	EXPECT_EQ(0, err);
	family_discard_end(NULL, FAMILY_PRIVATE + left, FAMILY_SHARED - left, true);
	mutex_unlock(&file_lock);
}

/* Ends a member, now and then killed for its memory, while others still run in it. */
static void leave(struct member *member)
{
	if (family_leave(member) && weave_below(3) == 0)
		vm_oom_reap(&member->us->space);
}

static void do_something_rare(struct member *member)
{
	switch (weave_below(16)) {
	case 0:
		switch_off_and_on();
		break;
	case 1:
		mm_trim();
		break;
	default:
		truncate();
	}
}

static void do_something_in(struct member *member, unsigned what)
{
	unsigned page = (unsigned)weave_below(FAMILY_PAGES);

	if (what < 11)
		family_read(member, page, what < 4);
	else if (what < 22)
		family_write(member, page, what < 15);
	else if (what < 30)
		page_out(member);
	else if (what < 33)
		(void)reclaim(1 + weave_below(4));
	else if (what < 34)
		fork_some(member);
	else if (what < 35)
		leave(member);
	else if (what < 39)
		change_map(member);
	else
		do_something_rare(member);
}

/* Now and then somebody's allocation fails, one of the next few. */
static void starve_somebody(void)
{
	if (weave_below(30) == 0)
		alloc_fail_set(1 + weave_below(8), NULL, ALLOC_FAIL_RELIEVE);
}

static bool is_anybody_living(void)
{
	return atomic_load(&nliving) != 0;
}

/* The last thread is the disk. */
static void live(unsigned index)
{
	if (index == THREADS) {
		late_disk_serve(is_anybody_living, errors);
		return;
	}
	for (unsigned i = 0; i < OPS; i++) {
		struct member *member = family_get();

		starve_somebody();
		do_something_in(member, (unsigned)weave_below(40));
		family_put(member);
	}
	atomic_add(&nliving, -1u);
	late_disk_look();
}

/* ---- rounds ---- */

static void play_family(struct weave *weave, uint64_t seed, bool is_late)
{
	struct ledger ledger;

	if (!family_begin()) {
		ktest_fail(__FILE__, __LINE__, "memory", 1, 0);
		return;
	}
	nliving = THREADS;
	weave_run(weave, seed, THREADS + is_late, live);
	(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
	ktest_settle(); /* no frame is on its way */
	family_leave_object();
	EXPECT_EQ(0, ledger_check(&ledger));
	family_end();
}

static void wait_for_writes(void)
{
	for (;;) {
		uint64_t seq = waitq_sample(&swap_written);

		if (!swap_writing())
			return;
		thread_wait_always(&swap_written, seq);
	}
}

/* (Pages of files that reclaim has found meanwhile come back first.) */
static bool are_all_slots_free(void)
{
	struct swap_census census;

	EXPECT_EQ(0, swap_filling());
	wait_for_writes();
	EXPECT_EQ(0, swap_in_objects());
	census = swap_census();
	EXPECT_EQ(census.usable, census.free);
	return census.free == census.usable;
}

/* Areas of all sizes: some are full most of the time. */
static void play_round(struct weave *weave, uint64_t seed, struct block_device *disk, bool is_late)
{
	ASSERT_TRUE(late_disk_format(disk,
				     AREA_LEAST + (uint32_t)(seed * 7 % (AREA_MOST - AREA_LEAST))));
	area = disk;
	ASSERT_TRUE(swap_on(disk) == 0);
	errors = seed % 2 ? 0 : ERRORS;
	play_family(weave, seed, is_late);
	if (are_all_slots_free()) /* else swapoff would wait for ever */
		EXPECT_EQ(0, process_swap_off(disk));
}

static void report(const struct weave *weave, uint64_t seed, unsigned rounds)
{
	const struct family_counts *counts = &family_counts;

	weave_report(weave, seed, rounds);
	ktest_note("pages checked %lu, written %lu; forks %lu, exits %lu, swapoffs %lu",
		   (unsigned long)counts->reads, (unsigned long)counts->writes,
		   (unsigned long)counts->forks, (unsigned long)counts->exits,
		   (unsigned long)nswapoffs);
	ktest_note("faults: from swap %lu (waited for the disk: %lu), COW %lu, reuse %lu",
		   (unsigned long)counts->kind[FAULT_SWAPPED], (unsigned long)counts->major,
		   (unsigned long)counts->kind[FAULT_COW],
		   (unsigned long)counts->kind[FAULT_REUSE]);
	ktest_note("started over: VMA %lu, entry %lu, source %lu, race %lu",
		   (unsigned long)counts->retry[RETRY_VMA],
		   (unsigned long)counts->retry[RETRY_ENTRY],
		   (unsigned long)counts->retry[RETRY_SOURCE],
		   (unsigned long)counts->retry[RETRY_RACE]);
}

static void play(struct block_device *disk, unsigned rounds, bool is_late)
{
	uint64_t seed = boot_options.seed ?: 1, written = reclaim_counts.written;
	struct weave weave = { 0 };

	memset(&family_counts, 0, sizeof(family_counts));
	family_wrong = 0;
	nswapoffs = 0;
	mutex_init(&file_lock, LOCK_INODE);
	for (unsigned round = 0; round < rounds; round++)
		play_round(&weave, seed + round, disk, is_late);
	report(&weave, seed, rounds);
	EXPECT_EQ(0, family_wrong);
	EXPECT_TRUE(reclaim_counts.written > written && family_counts.major);
	EXPECT_TRUE(family_counts.kind[FAULT_SWAPPED]);
	EXPECT_TRUE(family_counts.forks && family_counts.exits);
	EXPECT_TRUE(weave.switches[WEAVE_LOCK + LOCK_SWAP_CACHE] &&
		    weave.switches[WEAVE_UNLOCK + LOCK_SWAP_CACHE]);
}

/*
 * R81, R82, R84 as far as one hart goes: pages of several spaces go out and come back while others
 * fork, unmap, move and protect them, exit, truncate, and switch swap off and on. The disk is one
 * in memory, which answers by the seed too.
 */
KTEST_ALONE(woven_threads_agree_with_pages_in_swap)
{
	struct block_device *disk = late_disk_begin();

	ASSERT_TRUE(disk);
	play(disk, ROUNDS, true);
	ktest_note("requests %lu, of which %lu before older ones, failed %lu",
		   (unsigned long)late_disk_counts.ended, (unsigned long)late_disk_counts.overtaken,
		   (unsigned long)late_disk_counts.failed);
	EXPECT_TRUE(late_disk_counts.overtaken && late_disk_counts.failed);
	EXPECT_EQ(0, late_disk_counts.clashes);
	late_disk_end();
}

/* Woven threads use a real disk, and its driver. (When that answers is not the seed's.) */
KTEST_ALONE(disk_serves_woven_threads)
{
	struct block_device *disk = block_at(0);

	if (!disk || disk->read_only || disk->sectors < AREA_MOST * SECTORS_PER_PAGE) {
		ktest_skip("no disk");
		return;
	}
	play(disk, DISK_ROUNDS, false);
}

#endif
