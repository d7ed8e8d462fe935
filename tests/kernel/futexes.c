/* SPDX-License-Identifier: MIT */
/* Wakes of futexes in the midst of a wait: none is missed (hardened build). */
#include "proc/futex.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "abi/signal.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "proc/signal/kill.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/late_event.h"

#ifdef FAULTLINE_HARDENED

#define WORD_AT 0x40000ul

static const struct futex_word word = { .at = WORD_AT };

static unsigned event_point;
static bool is_over;

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
	int err;

	(void)arg;
	if (!map_word() || !set_word(0))
		return 99;
	late_event_arm(event_point, change_and_wake);
	err = futex_wait(word, 0, FUTEX_BITSET_MATCH_ANY, NULL);
	is_over = true;
	return err == 0 || err == -EAGAIN ? 0 : -err;
}

/* Returns whether the wait has a point of that number. */
static bool wait_with_wake(void)
{
	bool has_happened;
	int pid;

	is_over = false; /* before it can run */
	pid = ktest_spawn(wait_for_change, NULL);
	EXPECT_TRUE(pid > 0);
	if (pid <= 0)
		return false;
	ktest_settle();
	has_happened = late_event_disarm();
	if (has_happened && !is_over)
		ktest_note("the wake at point %u is missed", event_point);
	EXPECT_EQ(has_happened, is_over);
	if (!is_over)
		(void)process_kill(pid, SIGKILL);
	EXPECT_EQ(EXITED(has_happened ? 0 : EINTR), ktest_reap(pid));
	return has_happened;
}

/* R151: who changes the word and wakes finds the waiter asleep, or the waiter finds the new word. */
KTEST_ALONE(futex_wait_misses_no_wake)
{
	event_point = 0;
	while (wait_with_wake())
		event_point++;
	EXPECT_TRUE(event_point >= 2); /* before and after it joins the sleepers */
}

#endif
