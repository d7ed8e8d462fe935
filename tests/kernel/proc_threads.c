/* SPDX-License-Identifier: MIT */
/* Kernel threads: they run, take turns, end, and leave nothing behind. */
#include "base/clock.h"
#include "base/hart.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"

#define NTHREADS 20
#define MS	 (NSEC_PER_SEC / 1000)

static unsigned ended;
static struct waitq changed = WAITQ_INIT(changed);

static void wait_for(const unsigned *counter, unsigned wanted)
{
	for (;;) {
		uint64_t seq = waitq_sample(&changed);

		if (atomic_load(counter) >= wanted)
			return;
		thread_wait_always(&changed, seq);
	}
}

static void end_here(void *arg)
{
	atomic_add(&ended, 1);
	waitq_wake_all(&changed);
}

/* The harness compares the frames: their stacks and structs come back. */
KTEST(proc_threads_end_and_free_what_they_had)
{
	ended = 0;
	for (unsigned i = 0; i < NTHREADS; i++)
		ASSERT_TRUE(kthread_spawn("short", end_here, NULL));
	wait_for(&ended, NTHREADS);
	EXPECT_EQ(NTHREADS, ended);
	ktest_settle();
}

#define TURNS 10

static unsigned turns;	       /* changes from one to the other */
static const void *whose_turn; /* either's argument */
static bool stop;

static void take_turns(void *me)
{
	while (!atomic_load(&stop)) {
		if (atomic_load(&whose_turn) == me)
			continue;
		atomic_store(&whose_turn, me);
		if (atomic_add(&turns, 1) + 1 == TURNS)
			waitq_wake_all(&changed);
	}
	end_here(NULL);
}

/* Busy threads share the hart by time slices, in the kernel too: however slow it is, each gets one after the other. */
KTEST(proc_busy_threads_take_turns)
{
	static const char one, two;

	ended = turns = 0;
	stop = false;
	whose_turn = NULL;
	ASSERT_TRUE(kthread_spawn("busy 1", take_turns, (void *)&one));
	ASSERT_TRUE(kthread_spawn("busy 2", take_turns, (void *)&two));
	wait_for(&turns, TURNS);
	atomic_store(&stop, true);
	wait_for(&ended, 2);
	EXPECT_TRUE(turns >= TURNS);
	ktest_settle();
}

/* Without anybody else to run, yielding comes back at once and switches nothing. */
KTEST(proc_yield_alone_is_no_switch)
{
	uint64_t switches = hart_this()->counters[HART_SWITCHES];

	for (unsigned i = 0; i < 100; i++)
		sched_yield();
	EXPECT_EQ(switches, hart_this()->counters[HART_SWITCHES]);
	EXPECT_EQ(0, need_resched());
}

KTEST(proc_running_time_grows)
{
	uint64_t before = thread_ran_ticks(current_thread()),
		 until = arch_time() + clock_ns_to_ticks(MS);
	struct waitq nobody = WAITQ_INIT(nobody);
	uint64_t busy, asleep;

	while (arch_time() < until)
		;
	busy = thread_ran_ticks(current_thread()) - before;
	EXPECT_TRUE(busy >= clock_ns_to_ticks(MS));
	before = thread_ran_ticks(current_thread());
	thread_sleep_always(&nobody, 0, arch_time() + clock_ns_to_ticks(20 * MS));
	asleep = thread_ran_ticks(current_thread()) - before;
	EXPECT_TRUE(asleep < clock_ns_to_ticks(10 * MS));
}
