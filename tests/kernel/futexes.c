/* SPDX-License-Identifier: MIT */
/* Wakes of futexes: none is missed in the midst of a wait (hardened build), and each reaches all who sleep. */
#include "proc/futex.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "abi/mman.h"
#include "mm/fault/user_copy.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/late_event.h"

#define WORD_AT 0x40000ul

/* More than a wake serves in one hold of the lock. */
#define CROWD 40

static struct object *shared_page;
static const struct futex_word shared_word = { .at = WORD_AT, .shared = true };

static int map_shared(void)
{
	struct map_request request = { .addr = WORD_AT,
				       .len = PAGE_SIZE,
				       .prot = READ_WRITE,
				       .max_prot = READ_WRITE,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = shared_page };
	struct uspace *us = current_process()->uspace;
	vaddr_t at;
	int err;

	uspace_lock(us);
	err = vm_map(&us->space, &request, &at);
	uspace_unlock(us);
	return err;
}

static int wait_in_a_crowd(void *arg)
{
	(void)arg;
	return -(map_shared() ?: futex_wait(shared_word, 0, FUTEX_BITSET_MATCH_ANY, NULL));
}

static int wake_the_crowd(void *arg)
{
	(void)arg;
	if (map_shared() != 0)
		return 99;
	return (int)futex_wake(shared_word, CROWD, FUTEX_BITSET_MATCH_ANY);
}

/* A wake goes on behind those that it could look at in one hold of the lock. */
KTEST(futex_wake_reaches_all_of_a_crowd)
{
	int pid[CROWD];

	shared_page = object_create_anon(PAGE_SIZE);
	ASSERT_TRUE(shared_page);
	for (unsigned i = 0; i < CROWD; i++)
		EXPECT_TRUE((pid[i] = ktest_spawn(wait_in_a_crowd, NULL)) > 0);
	ktest_settle();
	EXPECT_EQ(EXITED(CROWD), ktest_reap(ktest_spawn(wake_the_crowd, NULL)));
	ktest_settle();
	for (unsigned i = 0; i < CROWD; i++) {
		(void)ktest_kill(pid[i]); /* if it was not woken */
		EXPECT_EQ(EXITED(0), ktest_reap(pid[i]));
	}
	object_put(shared_page);
}

#ifdef FAULTLINE_HARDENED

static const struct futex_word word = { .at = WORD_AT };

static bool map_word(void)
{
	struct uspace *us = current_process()->uspace;
	long at;

	uspace_lock(us);
	at = space_map(us, WORD_AT, PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(us);
	return at >= 0;
}

static bool set_word(uint32_t value)
{
	return user_copy_out(WORD_AT, &value, sizeof(value)) == 0;
}

static void change_and_wake(void)
{
	EXPECT_TRUE(set_word(1));
	(void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY);
}

static int wait_for_change(void *arg)
{
	struct late_wait *wait = arg;
	int err;

	if (!map_word() || !set_word(0))
		return 99;
	late_event_arm(wait->point, change_and_wake);
	err = futex_wait(word, 0, FUTEX_BITSET_MATCH_ANY, NULL);
	wait->is_over = true;
	return err == 0 || err == -EAGAIN ? 0 : -err;
}

/* R151: who changes the word and wakes finds the waiter asleep, or the waiter finds the new word. */
KTEST_ALONE(futex_wait_misses_no_wake)
{
	struct late_wait wait = { .wait = wait_for_change };

	late_wait_expect(&wait);
}

#endif
