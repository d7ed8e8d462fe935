/* SPDX-License-Identifier: MIT */
/* Races of futexes with priority inheritance: for a lock, for one that is handed on, and with the ends of owners and waiters (R151). */
#include "abi/errno.h"
#include "abi/futex.h"
#include "abi/mman.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "arch/timer.h"
#include "base/wall_clock.h"
#include "linux/process/futex_pi.h"
#include "linux/signal/kill.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "tests/kernel/race.h"

#define TURNS	 30
#define WORD_AT	 0x40000000ul
#define COUNT_AT (WORD_AT + 64) /* changed by the owner of the lock */

static const struct futex_word lock = { .at = WORD_AT }, word = { .at = WORD_AT + 128 };
static unsigned counted;

static void map_lock(void)
{
	counted = 0;
	EXPECT_TRUE(race_map(WORD_AT, PAGE_SIZE, MAP_PRIVATE, NULL));
}

/* For its owner: an addition in two steps. */
static void count_and_unlock(void)
{
	uint64_t n = 0;

	EXPECT_TRUE(race_load(COUNT_AT, &n));
	for (unsigned i = race_lot(200); i > 0; i--)
		spin_pause();
	EXPECT_TRUE(race_store(COUNT_AT, n + 1));
	atomic_add(&counted, 1);
	EXPECT_EQ(0, futex_pi_unlock(lock));
}

/* Some wait, some only try, and some for a moment. */
static void lock_and_count(void)
{
	for (unsigned i = 0; i < TURNS && !current_killed(); i++) {
		const struct deadline soon = { .at = arch_time() + race_lot(100) };
		unsigned how = race_lot(4);
		int err = futex_pi_lock(lock, how == 0, how == 1 ? &soon : NULL);

		if (err == 0)
			count_and_unlock();
		else
			EXPECT_EQ(how == 0 ? -EAGAIN : -ETIMEDOUT, err);
	}
}

static void see_all(void)
{
	uint64_t n = 0, left = 1;

	EXPECT_TRUE(race_load(COUNT_AT, &n) && race_load(WORD_AT, &left));
	EXPECT_EQ(counted, n);
	EXPECT_EQ(0, (uint32_t)left);
}

RACE(race_lock_has_one_owner, .rounds = 8, .shares_space = true, .begin = map_lock,
     .sides = { lock_and_count, lock_and_count, lock_and_count }, .end = see_all)

/* Until it is moved, or not for so long. */
static void wait_for_lock(void)
{
	for (unsigned i = 0; i < TURNS && !current_killed(); i++) {
		const struct deadline soon = { .at = arch_time() + race_lot(400) };
		int err = futex_pi_wait(word, 0, lock, &soon);

		if (err == 0)
			count_and_unlock();
		else
			EXPECT_EQ(-ETIMEDOUT, err);
	}
}

static void move_to_lock(void)
{
	while (!race_others_are_done()) {
		bool owns = race_lot(2) && futex_pi_lock(lock, false, NULL) == 0;

		EXPECT_TRUE(futex_pi_requeue(word, lock, race_lot(3), 0) >= 0);
		if (owns)
			count_and_unlock();
		for (unsigned n = race_lot(400); n > 0; n--)
			spin_pause();
	}
}

/* Whoever is moved to the lock while its time ends has the lock, or has not. */
RACE(race_wait_is_moved_to_a_lock, .rounds = 8, .shares_space = true, .begin = map_lock,
     .sides = { wait_for_lock, wait_for_lock, move_to_lock }, .end = see_all)

/* ---- ends ---- */

static int victims[2];
static unsigned nready, may_end;

static void enter_space(void)
{
	uspace_get(race_space);
	uspace_put(race_use_space(race_space));
}

static int own_and_end(void *unused)
{
	(void)unused;
	enter_space();
	EXPECT_EQ(0, futex_pi_lock(lock, false, NULL));
	atomic_add(&nready, 1);
	while (!atomic_load(&may_end) && !current_killed())
		sched_yield();
	return 4;
}

/* With the lock, if it gets that; the owner may have ended before it came. */
static int wait_and_end(void *unused)
{
	int err;

	(void)unused;
	enter_space();
	atomic_add(&nready, 1);
	err = futex_pi_lock(lock, false, NULL);
	EXPECT_TRUE(err == 0 || err == -ESRCH || err == -EINTR);
	return 4;
}

static void spawn_owner_and_waiter(void)
{
	map_lock();
	nready = may_end = 0;
	victims[0] = race_spawn(own_and_end, NULL);
	while (atomic_load(&nready) < 1)
		sched_yield();
	victims[1] = race_spawn(wait_and_end, NULL);
	while (atomic_load(&nready) < 2)
		sched_yield();
}

static void end_owner(void)
{
	atomic_store(&may_end, 1);
	if (race_lot(2))
		(void)process_kill(victims[0], SIGKILL);
}

static void end_waiter(void)
{
	if (race_lot(2))
		EXPECT_EQ(0, process_kill(victims[1], SIGKILL));
}

/* Nobody may be left with a wait for those that have ended. */
static void lock_after_them(void)
{
	int err = futex_pi_lock(lock, false, NULL);

	if (err == 0)
		EXPECT_EQ(0, futex_pi_unlock(lock));
	else
		EXPECT_EQ(-ESRCH, err);
}

static void reap_both(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(victims); i++) {
		int status = race_reap_killed(victims[i]);

		EXPECT_TRUE(status == -1 || status == 4);
	}
}

RACE(race_owner_of_a_lock_ends_and_its_waiter, .rounds = 12, .shares_space = true,
     .begin = spawn_owner_and_waiter, .sides = { end_owner, end_waiter, lock_after_them },
     .end = reap_both)
