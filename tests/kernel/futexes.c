/* SPDX-License-Identifier: MIT */
/* Wakes of futexes in the midst of a wait: none is missed (hardened build). */
#include "proc/futex.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/late_event.h"

#ifdef FAULTLINE_HARDENED

#define WORD_AT 0x40000ul
#define SOON_NS 10000000ul /* a wait that is never woken ends then */

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

/* R151: who changes the word and wakes finds the waiter asleep, or the waiter finds the new word. */
KTEST_IN_PROCESS(futex_wait_misses_no_wake)
{
	bool happened = true;
	unsigned n;

	ASSERT_TRUE(map_word());
	for (n = 0; happened; n++) {
		uint64_t deadline = arch_time() + clock_ns_to_ticks(SOON_NS);
		int err;

		ASSERT_TRUE(set_word(0));
		late_event_arm(n, change_and_wake);
		err = futex_wait(word, 0, FUTEX_BITSET_MATCH_ANY, &deadline);
		happened = late_event_disarm();
		if (happened && err == -ETIMEDOUT)
			ktest_note("the wake at point %u is missed", n);
		if (happened)
			EXPECT_TRUE(err == 0 || err == -EAGAIN);
		else
			EXPECT_EQ(-ETIMEDOUT, err);
	}
	EXPECT_TRUE(n > 2); /* before and after it joins the sleepers */
}

#endif
