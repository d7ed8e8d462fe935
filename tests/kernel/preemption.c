/* SPDX-License-Identifier: MIT */
/* Where a thread in the kernel loses its hart to another, and where it must not. */
#include "sync/preempt.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/irqflags.h"
#include "arch/preempt.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "proc/kthread.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/storm.h"

#define MS	(NSEC_PER_SEC / 1000)
/* Whoever waits for a timer of a tick longer than that has lost it. */
#define GIVE_UP (20 * NSEC_PER_SEC)

static struct waitq start = WAITQ_INIT(start);
static bool asleep, ran;

/* A kernel thread that somebody waits for: once woken, it goes before all others. */
static void wait_and_run(void *arg)
{
	uint64_t seq = waitq_sample(&start);

	atomic_store(&asleep, true);
	thread_wait_always(&start, seq);
	atomic_store(&ran, true);
}

static uint64_t slice;

/* Only what a test does takes the hart: no slice ends until end_test(), on the slowest machine. */
static void begin_test(void)
{
	slice = sched_slice_set(clock_ns_to_ticks(600 * NSEC_PER_SEC));
}

static void end_test(void)
{
	ktest_settle();
	(void)sched_slice_set(slice);
}

static bool has_run(void)
{
	return atomic_load(&ran);
}

static bool one_waits(void)
{
	ran = asleep = false;
	if (!kthread_spawn("urgent", wait_and_run, NULL))
		return false;
	ktest_settle();
	return atomic_load(&asleep) && !has_run();
}

static struct spinlock lock = SPINLOCK_INIT(LOCK_OBJECT), outer = SPINLOCK_INIT(LOCK_SPACE);
static struct spinlock irq_lock = SPINLOCK_INIT(LOCK_DEVICE);

/* The outermost unlock is where; no lock is ever held by one who does not run. */
KTEST_ALONE(preempt_at_the_outermost_unlock)
{
	begin_test();
	ASSERT_TRUE(one_waits());
	spin_lock(&outer);
	spin_lock(&lock);
	waitq_wake_all(&start);
	EXPECT_TRUE(need_resched());
	EXPECT_TRUE(!has_run());
	spin_unlock(&lock);
	EXPECT_TRUE(!has_run());
	spin_unlock(&outer);
	EXPECT_TRUE(has_run());
	EXPECT_TRUE(!need_resched());
	end_test();
}

KTEST_ALONE(preempt_not_with_interrupts_off)
{
	unsigned long flags;

	begin_test();
	ASSERT_TRUE(one_waits());
	flags = spin_lock_irqsave(&irq_lock);
	waitq_wake_all(&start);
	EXPECT_TRUE(!has_run());
	spin_unlock_irqrestore(&irq_lock, flags);
	EXPECT_TRUE(has_run());
	ASSERT_TRUE(one_waits());
	flags = arch_irq_save();
	waitq_wake_all(&start);
	spin_lock(&lock);
	spin_unlock(&lock);
	EXPECT_TRUE(!has_run());
	arch_irq_restore(flags);
	preempt_point();
	EXPECT_TRUE(has_run());
	end_test();
}

/* Has as many numbers in registers as a function may that calls nothing. */
static __attribute__((noinline)) uint64_t add_across_a_point(const uint64_t *n)
{
	uint64_t a = n[0], b = n[1], c = n[2], d = n[3], e = n[4], f = n[5], g = n[6];
	uint64_t h = n[7], i = n[8], j = n[9], k = n[10], l = n[11], m = n[12];

	preempt_point();
	return a + b + c + d + e + f + g + h + i + j + k + l + m;
}

/* Also where the function that saves them is far away, as it is from here in the hardened build. */
KTEST_ALONE(preempt_changes_no_register)
{
	uint64_t numbers[13], sum = 0;
	unsigned long flags;

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		sum += numbers[i] = ktest_random();
	begin_test();
	ASSERT_TRUE(one_waits());
	flags = arch_irq_save();
	waitq_wake_all(&start);
	arch_irq_restore(flags);
	EXPECT_TRUE(!has_run());
	EXPECT_EQ(sum, add_across_a_point(numbers));
	EXPECT_TRUE(has_run());
	end_test();
}

static struct timer timer;
static bool rang;

static void wake_the_one(struct timer *unused)
{
	atomic_store(&rang, true);
	waitq_wake_all(&start);
}

static bool comes(const bool *what)
{
	uint64_t begin = arch_time(), most = clock_ns_to_ticks(GIVE_UP);

	while (!atomic_load(what) && arch_time() - begin < most)
		;
	return atomic_load(what);
}

/* A loop that takes no lock and makes no call. */
KTEST_ALONE(preempt_at_an_interrupts_tail)
{
	ASSERT_TRUE(one_waits());
	rang = false;
	timer_init(&timer, wake_the_one);
	timer_arm(&timer, arch_time() + clock_ns_to_ticks(MS));
	EXPECT_TRUE(comes(&ran));
	ktest_settle();
}

KTEST_ALONE(preempt_not_while_it_is_disabled)
{
	begin_test();
	ASSERT_TRUE(one_waits());
	rang = false;
	timer_init(&timer, wake_the_one);
	latency_exempt_begin();
	preempt_disable();
	timer_arm(&timer, arch_time() + clock_ns_to_ticks(MS));
	EXPECT_TRUE(comes(&rang));
	EXPECT_TRUE(!has_run());
	preempt_disable();
	preempt_enable();
	EXPECT_TRUE(!has_run());
	preempt_enable();
	latency_exempt_end();
	EXPECT_TRUE(has_run());
	end_test();
}

/* Between the two steps of going to sleep a thread counts as asleep, and is preempted all the same. */
KTEST_ALONE(preempt_between_prepare_and_sleep)
{
	begin_test();
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_TRUE(one_waits());
		sched_sleep_prepare();
		waitq_wake_all(&start);
		EXPECT_TRUE(has_run()); /* and this has come back */
		sched_sleep_cancel();
	}
	end_test();
}

static struct thread *sleeper;
static bool sleeper_woken;

/* Preempts the sleeper, and wakes it, once or twice, while it is on the queue. */
static void wake_a_preempted_one(void *arg)
{
	uint64_t seq = waitq_sample(&start);

	atomic_store(&asleep, true);
	thread_wait_always(&start, seq);
	EXPECT_TRUE(sleeper->queued);
	EXPECT_EQ(THREAD_SLEEPING, sleeper->state);
	for (uintptr_t i = 0; i < (uintptr_t)arg; i++)
		thread_wake(sleeper);
	EXPECT_EQ(arg ? THREAD_READY : THREAD_SLEEPING, sleeper->state);
	atomic_store(&ran, true);
}

static void wake_later(struct timer *unused)
{
	atomic_store(&sleeper_woken, true);
	thread_wake(sleeper);
}

/* The wake-up that comes then is not lost; and without one it does sleep. */
KTEST_ALONE(preempt_keeps_the_wake_up_of_one_about_to_sleep)
{
	begin_test();
	sleeper = current_thread();
	for (uintptr_t wakes = 0; wakes < 3; wakes++) {
		ran = asleep = sleeper_woken = false;
		ASSERT_TRUE(kthread_spawn("waker", wake_a_preempted_one, (void *)wakes));
		ktest_settle();
		ASSERT_TRUE(atomic_load(&asleep));
		timer_init(&timer, wake_later);
		sched_sleep_prepare();
		waitq_wake_all(&start);
		EXPECT_TRUE(has_run());
		if (wakes == 0)
			timer_arm(&timer, arch_time() + clock_ns_to_ticks(MS));
		sched_sleep();
		EXPECT_EQ(wakes == 0, atomic_load(&sleeper_woken));
		EXPECT_EQ(THREAD_READY, sleeper->state);
	}
	end_test();
}

/* ---- storms: a timer asks whoever runs for its hart, again and again ---- */

#define STORM_TICKS 1000 /* between two, at most */
#define STRIKES	    50	 /* so many at least */

static unsigned strikes;

static void strike(struct timer *unused)
{
	atomic_add(&strikes, 1);
	sched_yield_soon();
	timer_arm(&timer, arch_time() + 1 + ktest_random() % STORM_TICKS);
}

static void storm_begin(void)
{
	strikes = 0;
	timer_init(&timer, strike);
	timer_arm(&timer, arch_time() + 1);
}

static void storm_end(void)
{
	timer_cancel(&timer);
	EXPECT_TRUE(strikes >= STRIKES);
}

#define WORDS  (STORM_PAGES * PAGE_SIZE / sizeof(uint64_t))
#define ROUNDS 30

bool storm_goes_on(uint64_t round, uint64_t rounds)
{
	return round < rounds || (atomic_load(&strikes) < STRIKES && round < 1000 * rounds);
}

static uint64_t nivcsw;

void storm_count_switches(void)
{
	atomic_add(&nivcsw, current_thread()->nivcsw);
}

int storm_map(void)
{
	struct uspace *mine = current_process()->uspace;
	long at;

	uspace_lock(mine);
	at = space_map(mine, STORM_AREA, STORM_PAGES * PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(mine);
	return at == STORM_AREA ? 0 : -1;
}

/* Copies out and in again, over pages that come by faults; each has words of its own. */
static int copy_much(void *arg)
{
	static uint64_t buffers[3][WORDS];
	uintptr_t me = (uintptr_t)arg;
	uint64_t *buffer = buffers[me];

	if (storm_map())
		return 1;
	for (uint64_t round = 0; storm_goes_on(round, ROUNDS); round++) {
		for (uint64_t i = 0; i < WORDS; i++)
			buffer[i] = me << 56 | round << 32 | i;
		if (user_copy_out(STORM_AREA + 8 * me, buffer, sizeof(buffers[0]) - 8 * me))
			return 2;
		memset(buffer, 0, sizeof(buffers[0]));
		if (user_copy_in(buffer, STORM_AREA + 8 * me, sizeof(buffers[0]) - 8 * me))
			return 3;
		for (uint64_t i = 0; i < WORDS - me; i++)
			if (buffer[i] != (me << 56 | round << 32 | i))
				return 4;
	}
	storm_count_switches();
	return 0;
}

void storm_run_three(int (*fn)(void *arg))
{
	int pids[3];

	nivcsw = 0;
	storm_begin();
	for (uintptr_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = ktest_spawn(fn, (void *)i);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(EXITED(0), pids[i] > 0 ? ktest_reap(pids[i]) : -1);
	storm_end();
	ktest_note("%u strikes, %lu switches", strikes, (unsigned long)nivcsw);
	EXPECT_TRUE(nivcsw > 3);
}

/*
 * R25, R27: a preempted copy goes on with user memory within reach; nobody else runs so, which
 * arch_switch() asserts
 */
KTEST_ALONE(preempt_in_the_middle_of_user_copies)
{
	storm_run_three(copy_much);
}
