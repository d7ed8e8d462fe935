/* SPDX-License-Identifier: MIT */
/* The run queues of several harts: which thread goes to which. */
#include "abi/errno.h"
#include "abi/sched.h"
#include "base/clock.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "sync/spinlock.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/race.h"

#define PATIENCE_NS (20 * NSEC_PER_SEC) /* a test that waits for longer has failed */

static struct thread *high, *middle; /* atomic: NULL until they are where they shall be */
static uint32_t may_run;	     /* atomic; and this: */
static bool has_run;

/* Both return whether it came to be so. */
static bool await(const bool *flag)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while (!atomic_load(flag) && clock_ns() < end)
		spin_pause();
	return atomic_load(flag);
}

static bool await_thread(struct thread **thread, bool asleep)
{
	uint64_t end = clock_ns() + PATIENCE_NS;

	while ((!atomic_load(thread) || (asleep && !sched_is_asleep(*thread))) && clock_ns() < end)
		spin_pause();
	return atomic_load(thread);
}

static int keep_hart_0(void *arg)
{
	(void)arg;
	ktest_go_to(0);
	ktest_ask(current_thread(), SCHED_FIFO, 20, 0);
	atomic_store(&high, current_thread());
	return !await(&has_run);
}

static int sleep_on_hart_0(void *arg)
{
	(void)arg;
	ktest_go_to(0);
	ktest_ask(current_thread(), SCHED_FIFO, 10, 0);
	atomic_store(&middle, current_thread());
	if (thread_park(&may_run, false, UINT64_MAX) != 0)
		return 1;
	atomic_store(&has_run, true);
	return 0;
}

/* Runs on hart 1 all the time, of no real-time policy. */
static int wake_from_hart_1(void *arg)
{
	int keeper;

	(void)arg;
	ktest_go_to(1);
	if (ktest_spawn(sleep_on_hart_0, NULL) < 0)
		return 1;
	keeper = await_thread(&middle, true) ? ktest_spawn(keep_hart_0, NULL) : -ETIMEDOUT;
	if (keeper < 0 || !await_thread(&high, false))
		return 1;
	atomic_store(&may_run, 1);
	thread_wake(middle); /* to hart 0, the only one that it may run on */
	sched_set_harts(middle, 3);
	return !await(&has_run);
}

/* A thread of a real-time policy waits for at most a tick while a lower one runs on another hart. */
KTEST(runq_tick_takes_a_realtime_thread_that_goes_before)
{
	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	high = middle = NULL;
	may_run = 0;
	has_run = false;
	EXPECT_EQ(0, ktest_reap(ktest_spawn(wake_from_hart_1, NULL)));
}

/* ---- a thread that is moved by several harts at once ---- */

#define TURNS 10

static struct thread *subject; /* atomic */
static bool subject_is_done;   /* atomic */

static void no_subject(void)
{
	atomic_store(&subject, NULL);
	atomic_store(&subject_is_done, false);
}

static struct thread *await_subject(void)
{
	while (!atomic_load(&subject))
		spin_pause();
	return subject;
}

static void subject_ends(void)
{
	sched_set_harts(current_thread(), hart_mask());
	atomic_store(&subject_is_done, true);
}

/* Who wakes it sends it from the last hart to another one, whose lock comes first in their order. */
static void sleep_on_last_hart(void)
{
	atomic_store(&subject, current_thread());
	for (unsigned turn = 0; turn < TURNS; turn++) {
		ktest_go_to(hart_count - 1);
		sched_set_harts(current_thread(), hart_mask());
		sched_sleep_prepare();
		sched_sleep();
	}
	subject_ends();
}

static void wake_all_the_time(void)
{
	struct thread *thread = await_subject();

	while (!atomic_load(&subject_is_done))
		thread_wake(thread);
}

/* It lets the sleeper run there. */
static void wake_on_last_hart(void)
{
	struct thread *thread = await_subject();

	ktest_go_to(hart_count - 1);
	while (!atomic_load(&subject_is_done)) {
		thread_wake(thread);
		sched_yield();
	}
	sched_set_harts(current_thread(), hart_mask());
}

RACE(race_wakers_of_a_thread, .rounds = 8, .begin = no_subject,
     .sides = { sleep_on_last_hart, wake_on_last_hart, wake_all_the_time });

static void move_all_the_time(void)
{
	atomic_store(&subject, current_thread());
	for (unsigned turn = 0; turn < TURNS; turn++)
		sched_move();
	subject_ends();
}

static void send_to_any_hart(void)
{
	struct thread *thread = await_subject();

	while (!atomic_load(&subject_is_done))
		sched_set_harts(thread, 1ul << race_lot(hart_count));
}

/* The idle thread of a hart sends on what may not run there, and others say meanwhile where it may. */
RACE(race_senders_of_a_thread, .rounds = 8, .begin = no_subject,
     .sides = { move_all_the_time, send_to_any_hart, send_to_any_hart });

static unsigned nsends,
	nlooks; /* atomic: the sender goes on when the subject has looked where it is */

static void begin_looks(void)
{
	no_subject();
	atomic_store(&nsends, 0);
	atomic_store(&nlooks, 0);
}

static void move_and_look(void)
{
	struct thread *thread = current_thread();

	atomic_store(&subject, thread);
	for (unsigned turn = 0; turn < 2 * TURNS; turn++) {
		while (atomic_load(&nsends) == turn)
			sched_yield();
		sched_move();
		EXPECT_TRUE(sched_harts(thread) >> hart_this()->index & 1);
		atomic_add(&nlooks, 1);
	}
	subject_ends();
	ktest_ask(thread, SCHED_OTHER, 0, 0);
}

static void send_and_wait(void)
{
	struct thread *thread = await_subject();

	for (unsigned turn = 0; turn < 2 * TURNS; turn++) {
		sched_set_harts(thread, 1ul << race_lot(hart_count));
		atomic_add(&nsends, 1);
		while (atomic_load(&nlooks) == turn)
			sched_yield();
	}
}

static void change_policy(void)
{
	struct thread *thread = await_subject();

	while (!atomic_load(&subject_is_done)) {
		ktest_ask(thread, race_lot(2) ? SCHED_BATCH : SCHED_OTHER, 0, 0);
		sched_yield();
	}
}

/* A thread that leaves a hart gets another policy meanwhile, and does not come back for that. */
RACE(race_policy_of_a_leaving_thread, .rounds = 4, .begin = begin_looks,
     .sides = { move_and_look, send_and_wait, change_policy });
