/* SPDX-License-Identifier: MIT */
/* Copies between the kernel and the running process's memory, made by processes in kernel mode. */
#include "mm/fault/user_copy.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "proc/kthread.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define AREA  0x40000ul
#define PAGES 4
#define BYTES (3 * PAGE_SIZE)

static uint8_t from[BYTES], to[BYTES];

static struct uspace *mine(void)
{
	return current_process()->uspace;
}

/* Maps PAGES pages at AREA in the running process. */
static void map_area(unsigned prot)
{
	uspace_lock(mine());
	EXPECT_EQ(AREA, space_map(mine(), AREA, PAGES * PAGE_SIZE, prot, 0));
	uspace_unlock(mine());
}

static void draw_bytes(void)
{
	for (size_t i = 0; i < BYTES; i++)
		from[i] = (uint8_t)ktest_random();
	memset(to, 0, BYTES);
}

static int copy_through_untouched(void *arg)
{
	draw_bytes();
	map_area(READ_WRITE);
	EXPECT_EQ(0, user_copy_out(AREA + 100, from, BYTES));
	EXPECT_EQ(PAGES, mine()->space.resident);
	EXPECT_EQ(PAGES, kind_count(mine(), FAULT_FILL));
	EXPECT_EQ(0, user_copy_in(to, AREA + 100, BYTES));
	EXPECT_EQ(0, memcmp(from, to, BYTES));
	EXPECT_EQ(PAGES, kind_count(mine(), FAULT_FILL));
	return 3;
}

/* R25: four untouched pages: a fault for each, the bytes exact */
KTEST(copy_fills_each_untouched_page)
{
	EXPECT_EQ(EXITED(3), ktest_run(copy_through_untouched, NULL));
}

static int copy_in_untouched(void *arg)
{
	map_area(READ);
	memset(to, 0xff, BYTES);
	EXPECT_EQ(0, user_copy_in(to, AREA, BYTES));
	for (size_t i = 0; i < BYTES; i++)
		if (to[i])
			return 1;
	EXPECT_EQ(0, mine()->space.resident);
	EXPECT_EQ(3, mine()->space.stats.zero_maps);
	return 0;
}

/* R25, R50: a copy in from memory that nobody has written sees zeros and takes no frame */
KTEST(copy_in_from_untouched_memory_is_zeros)
{
	EXPECT_EQ(EXITED(0), ktest_run(copy_in_untouched, NULL));
}

/* A verb that maps the area, and had its range in hand for a while. */
static void finish_verb(void *arg)
{
	struct uspace *us = arg;

	while (!(atomic_load_relaxed(&us->space.at_idle) & AT_IDLE_WAKE))
		sched_yield();
	uspace_lock(us);
	EXPECT_EQ(AREA, space_map(us, AREA, PAGES * PAGE_SIZE, READ_WRITE, 0));
	uspace_unlock(us);
	uspace_put(us);
}

static void begin_verb(void)
{
	space_busy(&mine()->space, AREA, AREA + PAGES * PAGE_SIZE);
	uspace_get(mine());
	EXPECT_TRUE(kthread_spawn("verb", finish_verb, mine()));
}

static int copy_while_a_verb_runs(void *arg)
{
	char text[8] = "abcdef";

	begin_verb();
	EXPECT_EQ(0, user_copy_string(text, AREA + PAGE_SIZE - 4, sizeof(text)));
	EXPECT_EQ(0, text[0]);
	uspace_lock(mine());
	EXPECT_EQ(0, vm_unmap(&mine()->space, AREA, PAGES * PAGE_SIZE));
	uspace_unlock(mine());
	begin_verb();
	EXPECT_EQ(0, user_copy_out(AREA + PAGE_SIZE - 4, "abcdef", 7));
	EXPECT_EQ(6, user_copy_string(text, AREA + PAGE_SIZE - 4, sizeof(text)));
	return 0;
}

/* R25: what is only not there yet is waited for, by strings too */
KTEST(copy_waits_for_a_verb)
{
	EXPECT_EQ(EXITED(0), ktest_run(copy_while_a_verb_runs, NULL));
	ktest_settle();
}

/* R27 */
KTEST_IN_PROCESS(copy_out_breaks_the_sharing_first)
{
	struct uspace *child;
	uint64_t before = 11, after = 12, seen = 0;

	map_area(READ_WRITE);
	EXPECT_EQ(0, user_copy_out(AREA, &before, sizeof(before)));
	child = uspace_create();
	uspace_lock(mine());
	mutex_lock_nested(&child->mmap_lock);
	EXPECT_EQ(0, vm_fork(&mine()->space, &child->space));
	EXPECT_EQ(0, user_copy_out(AREA, &after, sizeof(after)));
	EXPECT_EQ(1, kind_count(mine(), FAULT_COW));
	EXPECT_EQ(before, space_load(child, AREA));
	uspace_unlock(child);
	uspace_unlock(mine());
	uspace_put(child);
	EXPECT_EQ(0, user_copy_in(&seen, AREA, sizeof(seen)));
	EXPECT_EQ(after, seen);
}

/* R27, R7: read-only memory, holes, null, kernel addresses: EFAULT, and nothing else */
KTEST_IN_PROCESS(copy_to_what_is_not_the_users_is_efault)
{
	vaddr_t kernel = (vaddr_t)to;
	uint64_t word = 5;

	map_area(READ);
	EXPECT_EQ(-EFAULT, user_copy_out(AREA, &word, sizeof(word)));
	EXPECT_EQ(-EFAULT, user_copy_out(AREA - 8, &word, sizeof(word)));
	EXPECT_EQ(-EFAULT, user_copy_in(&word, AREA + PAGES * PAGE_SIZE, sizeof(word)));
	EXPECT_EQ(-EFAULT, user_copy_in(&word, 0, sizeof(word)));
	EXPECT_EQ(-EFAULT, user_copy_out(kernel, &word, sizeof(word)));
	EXPECT_EQ(-EFAULT, user_copy_in(&word, kernel, sizeof(word)));
	EXPECT_EQ(-EFAULT, user_copy_in(&word, USER_TOP - 4, sizeof(word)));
	EXPECT_EQ(-EFAULT, user_copy_in(&word, UINT64_MAX - 3, sizeof(word)));
	EXPECT_EQ(0, user_clear_some(kernel, 8));
	EXPECT_EQ(0, user_copy_in(&word, AREA, sizeof(word)));
	EXPECT_EQ(0, word);
	EXPECT_TRUE(!current_killed());
}
