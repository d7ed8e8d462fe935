/* SPDX-License-Identifier: MIT */
/* Threads that run into one another in one address space, at every point where they could. */
#include "tests/kernel/weave.h"

#ifdef FAULTLINE_HARDENED

#include "abi/errno.h"
#include "abi/mman.h"
#include "boot/options.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/memory_key.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/space/space_map.h"
#include "mm/swap/relieve.h"
#include "proc/mutex.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/woven.h"

#define ROUNDS	     8
#define SHORT_ROUNDS 24 /* of which each ends with the space stripped */
#define THREADS	     6
#define OPS	     300
#define SHORT_OPS    16

static struct mutex file_lock;
static uint64_t retries[RETRY_REASONS];

/* One access of a program: waits and asks again like one. */
static void touch(struct uspace *in, vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };

	while (vm_fault(&in->space, va, access, &wait) == VM_WAIT)
		thread_wait(wait.queue, wait.seq);
}

/* Takes pages away: the mapping too, or their contents. */
static void throw_away(vaddr_t va, size_t len, bool mapping)
{
	int err;

	woven_discard_begin(va, len);
	if (mapping)
		err = vm_unmap(&woven->space, va, len);
	else
		err = vm_madvise(&woven->space, va, len, MADV_DONTNEED);
	woven_discard_end(va, len, err == 0);
}

static void change_map(void)
{
	vaddr_t va = woven_any(), heap;
	size_t len = (1 + weave_below(4)) * PAGE_SIZE;

	uspace_lock(woven);
	switch (weave_below(8)) {
	case 0:
		throw_away(va, len, true);
		break;
	case 1:
		throw_away(va, len, false);
		break;
	case 2:
		(void)vm_protect(&woven->space, va, len, READ);
		break;
	case 3:
		(void)vm_protect(&woven->space, va, len, READ_WRITE);
		break;
	case 4:
		(void)vm_madvise(&woven->space, va, len, MADV_POPULATE_WRITE);
		break;
	case 5:
		heap = woven->space.brk_start + weave_below(8) * PAGE_SIZE;
		(void)vm_brk(&woven->space, heap);
		break;
	default:
		woven_map(va, weave_below(8) ? READ_WRITE : READ);
	}
	uspace_unlock(woven);
}

static struct uspace *fork_space(void)
{
	struct uspace *child;
	int err = -ENOMEM;

	uspace_lock(woven);
	child = uspace_create();
	if (child) {
		mutex_lock_nested(&child->mmap_lock);
		err = vm_fork(&woven->space, &child->space);
		uspace_unlock(child);
	}
	uspace_unlock(woven);
	if (!err)
		return child;
	if (child)
		uspace_put(child);
	return NULL;
}

static void add_retries(const struct uspace *of)
{
	for (unsigned i = 0; i < RETRY_REASONS; i++)
		retries[i] += of->space.stats.retry[i];
}

/* A child that reads and writes what it got; what is shared is the parent's to write. */
static void live_as_child(void)
{
	struct uspace *child = fork_space();

	if (!child)
		return;
	for (unsigned i = 0; i < 12; i++) {
		vaddr_t va = woven_any();

		woven_read(child, va);
		if (va < WOVEN_SHARED || va >= WOVEN_FAR)
			woven_write(child, va);
		touch(child, va, READ);
	}
	add_retries(child);
	uspace_put(child);
}

/* Writes and changes of size take turns. */
static void change_file(void)
{
	uint64_t page = weave_below(WOVEN_PAGES), word = woven_file_word(page);

	mutex_lock(&file_lock);
	switch (weave_below(4)) {
	case 0:
		(void)object_set_size(woven_file, page * PAGE_SIZE);
		(void)object_set_size(woven_file, WOVEN_PAGES * PAGE_SIZE);
		break;
	case 1:
		(void)object_read_kernel(woven_file, page * PAGE_SIZE, &word, sizeof(word));
		woven_check_file_word(page, word);
		break;
	default:
		(void)object_write_kernel(woven_file, page * PAGE_SIZE, &word, sizeof(word));
	}
	mutex_unlock(&file_lock);
}

/* Now and then somebody's allocation fails, one of the next few. */
static void starve_somebody(void)
{
	if (weave_below(20) == 0)
		alloc_fail_set(1 + weave_below(8), NULL, ALLOC_FAIL_RELIEVE);
}

static void do_something(unsigned what)
{
	vaddr_t va = woven_any();

	starve_somebody();
	if (what < 8)
		touch(woven, va, READ);
	else if (what < 16)
		touch(woven, va, WRITE);
	else if (what < 22)
		woven_read(woven, va);
	else if (what < 28)
		woven_write(woven, va);
	else if (what < 34)
		change_map();
	else if (what < 38)
		change_file();
	else if (what < 39)
		live_as_child();
	else
		mm_trim();
}

static void live(unsigned index)
{
	for (unsigned i = 0; i < OPS; i++)
		do_something((unsigned)weave_below(40));
}

/* Only accesses, and one takes the space's memory away in the middle of it. */
static void live_until_reaped(unsigned index)
{
	for (unsigned i = 0; i < SHORT_OPS; i++) {
		if (index == 0 && i == SHORT_OPS / 2)
			vm_oom_reap(&woven->space);
		do_something((unsigned)weave_below(28));
	}
}

static void play_round(struct weave *weave, uint64_t seed, bool is_oom_reaped)
{
	ASSERT_TRUE(woven_begin());
	weave_run(weave, seed, THREADS, is_oom_reaped ? live_until_reaped : live);
	(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
	if (is_oom_reaped)
		EXPECT_EQ(0, woven_private_pages());
	add_retries(woven);
	woven_end();
}

static void report(const struct weave *weave, uint64_t seed)
{
	weave_report(weave, seed, ROUNDS + SHORT_ROUNDS);
	ktest_note("started over: VMA %lu, entry %lu, source %lu, tables %lu, race %lu",
		   (unsigned long)retries[RETRY_VMA], (unsigned long)retries[RETRY_ENTRY],
		   (unsigned long)retries[RETRY_SOURCE], (unsigned long)retries[RETRY_TABLES],
		   (unsigned long)retries[RETRY_RACE]);
}

/*
 * R16, R65 as far as one hart goes: faults, verbs, forks, truncations and trims in one space, each
 * losing its hart at locks, pauses and before it publishes. Every reason to start over comes up, but for a
 * table that has gone, which takes a mapping made anew at the same place.
 */
KTEST_ALONE(woven_threads_agree_on_one_space)
{
	uint64_t seed = boot_options.seed ?: 1;
	struct weave weave = { 0 };

	memset(retries, 0, sizeof(retries));
	woven_wrong = 0;
	mutex_init(&file_lock, LOCK_INODE);
	for (unsigned round = 0; round < ROUNDS + SHORT_ROUNDS; round++)
		play_round(&weave, seed + round, round >= ROUNDS);
	report(&weave, seed);
	EXPECT_EQ(0, woven_wrong);
	for (unsigned i = 0; i < RETRY_REASONS; i++)
		EXPECT_TRUE(retries[i] > 0 || i == RETRY_TABLES);
	EXPECT_TRUE(weave.switches[WEAVE_PAUSE] && weave.switches[WEAVE_DECIDED]);
	EXPECT_TRUE(weave.switches[WEAVE_LOCK + LOCK_SPACE] &&
		    weave.switches[WEAVE_UNLOCK + LOCK_OBJECT]);
}

/* ---- ranges that are replaced ---- */

#define REPLACERS 2
#define LOOKS	  200

static unsigned nmissed;

/* Each leaves WOVEN_ANON and WOVEN_SHARED mapped, as they were before. */
static void replace_some(void)
{
	vaddr_t from = WOVEN_SHARED + weave_below(2) * PAGE_SIZE, to;
	size_t len = WOVEN_PAGES / 2 * PAGE_SIZE;

	uspace_lock(woven);
	switch (weave_below(3)) {
	case 0:
		woven_map(from, READ_WRITE);
		break;
	case 1:
		EXPECT_EQ((long)WOVEN_FAR,
			  space_map(woven, WOVEN_FAR, len, READ_WRITE, MAP_SHARED));
		EXPECT_EQ(0, vm_remap(&woven->space, WOVEN_FAR, len, len,
				      MREMAP_MAYMOVE | MREMAP_FIXED, from, &to));
		break;
	default:
		len = WOVEN_PAGES * PAGE_SIZE;
		EXPECT_EQ(0, vm_remap(&woven->space, WOVEN_ANON, len, len,
				      MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &to));
		EXPECT_EQ(0, vm_unmap(&woven->space, to, len));
	}
	uspace_unlock(woven);
}

/* Looks at an address that no program sees unmapped, in one of all the ways. */
static int look_at(vaddr_t va)
{
	struct memory_key key;
	struct map_facts map;
	struct page *page;
	int result;

	switch (weave_below(3)) {
	case 0:
		result = memory_key_get(&woven->space, va, &key);
		if (!result)
			memory_key_put(&key);
		return result;
	case 1:
		result = space_map_at(&woven->space, va, &map);
		if (!result && map.object)
			object_put(map.object);
		return result ?: map.start > va || map.prot != READ_WRITE;
	default:
		result = get_user_page(&woven->space, va, WRITE, &page);
		if (!result)
			put_user_page(&woven->space, page, WRITE);
		return result;
	}
}

static void replace_or_look(unsigned index)
{
	for (unsigned i = 0; i < LOOKS; i++) {
		vaddr_t page = weave_below(WOVEN_PAGES) * PAGE_SIZE;

		if (index < REPLACERS)
			replace_some();
		else
			nmissed += look_at((weave_below(2) ? WOVEN_ANON : WOVEN_SHARED) + page) !=
				   0;
	}
}

/*
 * R65, R151: what is mapped before and after a verb is not missing in between, whoever looks for it:
 * a fault, a futex, or a reader of /proc/PID/maps.
 */
KTEST_ALONE(woven_looks_miss_nothing_that_is_replaced)
{
	uint64_t seed = boot_options.seed ?: 1;
	struct weave weave = { 0 };

	nmissed = 0;
	ASSERT_TRUE(woven_begin());
	weave_run(&weave, seed, THREADS, replace_or_look);
	woven_end();
	weave_report(&weave, seed, 1);
	EXPECT_EQ(0, nmissed);
}

#endif
