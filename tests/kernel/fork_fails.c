/* SPDX-License-Identifier: MIT */
/* A fork that does not come to its end: the parent is as it was, and nothing is lost. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/page_alloc.h"
#include "mm/relieve.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define MIB (1ul << 20)

/* A parent with memory of several kinds, in leaf tables far apart. */
static struct uspace *parent(struct object *object)
{
	struct uspace *us = space_new();

	if (!us)
		return NULL;
	vm_brk(&us->space, HEAP_AT + 4 * PAGE_SIZE);
	EXPECT_EQ(0, space_store(us, HEAP_AT, 1));
	EXPECT_EQ(0, space_touch(us, HEAP_AT + PAGE_SIZE, READ));
	EXPECT_TRUE(space_map(us, 64 * MIB, 8 * MIB, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_store(us, 64 * MIB, 2));
	EXPECT_EQ(0, space_store(us, 70 * MIB, 3));
	EXPECT_TRUE(space_map_object(us, 4096 * MIB, 2 * PAGE_SIZE, READ_WRITE, object, 0) > 0);
	EXPECT_EQ(0, space_store(us, 4096 * MIB, 4));
	return us;
}

static void expect_as_it_was(struct uspace *us)
{
	EXPECT_EQ(1, space_load(us, HEAP_AT));
	EXPECT_EQ(2, space_load(us, 64 * MIB));
	EXPECT_EQ(3, space_load(us, 70 * MIB));
	EXPECT_EQ(4, space_load(us, 4096 * MIB));
	EXPECT_EQ(4, us->space.resident);
	EXPECT_EQ(3, us->space.nvmas);
}

/* Every page of the parent's is its own again: writes copy nothing. */
static void expect_owned(struct uspace *us)
{
	uint64_t copies = kind_count(us, FAULT_COW);

	EXPECT_EQ(0, space_store(us, HEAP_AT, 1));
	EXPECT_EQ(0, space_store(us, 64 * MIB, 2));
	EXPECT_EQ(0, space_store(us, 70 * MIB, 3));
	EXPECT_EQ(0, space_store(us, 4096 * MIB, 4));
	EXPECT_EQ(copies, kind_count(us, FAULT_COW));
}

static unsigned killed_at;

static int kill_at(unsigned count)
{
	return count == killed_at ? -EINTR : 0;
}

/* R20: the parent is killed at each pause of the fork in turn */
KTEST(fork_that_is_killed_gives_everything_back)
{
	struct object *object = object_create_anon(2 * PAGE_SIZE);
	struct uspace *us = object ? parent(object) : NULL;

	ASSERT_TRUE(us);
	for (killed_at = 1; killed_at < 20; killed_at++) {
		struct uspace *child;

		pauses_watch(kill_at);
		child = space_fork(us);
		pauses_end();
		if (child) {
			space_end(child);
			break;
		}
		expect_as_it_was(us);
		expect_owned(us);
	}
	/* Between VMAs, and between the leaf tables of one. */
	EXPECT_EQ(5, killed_at);
	space_end(us);
	object_put(object);
}

#ifdef FAULTLINE_HARDENED

/* Forks with allocation number `at` failing. Returns false if the fork made fewer allocations. */
static bool fork_failing_at(struct uspace *us, unsigned at)
{
	struct uspace *child;
	size_t before;
	bool failed;

	mm_trim();
	before = page_alloc_free_count();
	alloc_fail_at = at;
	child = space_fork(us);
	failed = alloc_fail_at == 0;
	alloc_fail_at = 0;
	EXPECT_EQ(failed, !child);
	if (child)
		space_end(child);
	mm_trim();
	EXPECT_EQ(before, page_alloc_free_count());
	return failed;
}

/* R20, R45: each allocation of a fork fails in turn */
KTEST(fork_without_memory_fails_and_changes_nothing)
{
	struct object *object = object_create_anon(2 * PAGE_SIZE);
	struct uspace *us = object ? parent(object) : NULL;
	unsigned at = 1;

	ASSERT_TRUE(us);
	for (; at < 100 && fork_failing_at(us, at); at++) {
		expect_as_it_was(us);
		expect_owned(us);
	}
	/*
	 * uspace, root, debts, three VMAs, and tables for five leaves of which two share a middle
	 * one
	 */
	EXPECT_TRUE(at > 10 && at < 100);
	expect_as_it_was(us);
	space_end(us);
	object_put(object);
}

/* R45: mapping, unmapping and protecting the middle of a VMA, failing at each allocation in turn */
KTEST(verbs_without_memory_change_nothing)
{
	struct uspace *us = space_new();
	unsigned refused = 0;

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, 64 * MIB, 16 * PAGE_SIZE, READ_WRITE, 0) > 0);
	EXPECT_EQ(0, space_store(us, 64 * MIB + 8 * PAGE_SIZE, 8));
	for (unsigned at = 1; at <= 2; at++) {
		alloc_fail_at = at;
		EXPECT_EQ(-ENOMEM, vm_unmap(&us->space, 64 * MIB + 4 * PAGE_SIZE, 8 * PAGE_SIZE));
		alloc_fail_at = at;
		EXPECT_EQ(-ENOMEM,
			  vm_protect(&us->space, 64 * MIB + 4 * PAGE_SIZE, 8 * PAGE_SIZE, READ));
		alloc_fail_at = at;
		refused += space_map(us, 64 * MIB + 4 * PAGE_SIZE, PAGE_SIZE, READ, 0) == -ENOMEM;
		alloc_fail_at = 0;
		EXPECT_EQ(1, us->space.nvmas);
		EXPECT_EQ(8, space_load(us, 64 * MIB + 8 * PAGE_SIZE));
	}
	EXPECT_EQ(2, refused);
	alloc_fail_at = 1;
	EXPECT_EQ(HEAP_AT, vm_brk(&us->space, HEAP_AT + PAGE_SIZE));
	alloc_fail_at = 0;
	EXPECT_EQ(0, vm_unmap(&us->space, 64 * MIB + 4 * PAGE_SIZE, 8 * PAGE_SIZE));
	EXPECT_EQ(2, us->space.nvmas);
	space_end(us);
}

#endif
