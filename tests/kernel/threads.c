/* SPDX-License-Identifier: MIT */
/* Threads, wait queues, waiting locks. */
#include "proc/thread.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "proc/kthread.h"
#include "proc/mutex.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "sync/irq.h"
#include "sync/spinlock.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

#define THREADS 5
#define TURNS	200

static struct waitq queue = WAITQ_INIT(queue);
static unsigned ended;
static struct waitq ends = WAITQ_INIT(ends);

/* The last act of each thread of a test. */
static void end(void)
{
	atomic_add(&ended, 1);
	waitq_wake_all(&ends);
}

static void join(unsigned n)
{
	for (;;) {
		uint64_t seq = waitq_sample(&ends);

		if (atomic_load(&ended) == n)
			break;
		thread_wait_always(&ends, seq);
	}
	ended = 0;
	ktest_settle();
}

static unsigned ran;

static void run_once(void *arg)
{
	atomic_or(&ran, 1u << (uintptr_t)arg);
	end();
}

KTEST(thread_runs_each_that_is_spawned)
{
	ran = 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		ASSERT_TRUE(kthread_spawn("test", run_once, (void *)i));
	join(THREADS);
	EXPECT_EQ((1u << THREADS) - 1, ran);
}

#ifdef FAULTLINE_HARDENED
#define HOOKS 200000

static bool hooks_over;

/* Points alone, of which each is a few instructions: the other hart acts in the midst of one sooner than between two. */
static void pass_points(void *arg)
{
	(void)arg;
	while (!atomic_load(&hooks_over))
		interleave(INTERLEAVE_DECIDED, LOCK_OBJECT, NULL);
	end();
}

static void do_nothing(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)kind, (void)class, (void)what;
}

/* A test may end its hook while another hart is at a point, between the look whether there is one and the call. */
KTEST(thread_passes_points_while_a_hook_ends)
{
	hooks_over = false;
	ASSERT_TRUE(kthread_spawn("test", pass_points, NULL));
	for (unsigned i = 0; i < HOOKS; i++) {
		__atomic_store_n(&interleave_hook, do_nothing, __ATOMIC_SEQ_CST);
		spin_pause();
		__atomic_store_n(&interleave_hook, NULL, __ATOMIC_SEQ_CST);
	}
	atomic_store(&hooks_over, true);
	join(1);
}
#endif

static unsigned met, on_boot_hart;

/* Goes on when all have come, and gives its hart to nobody before. Returns false if somebody does not come. */
static bool meet(void)
{
	uint64_t give_up = arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC);

	preempt_disable();
	atomic_add(&met, 1);
	while (atomic_load(&met) < hart_count && arch_time() < give_up)
		spin_pause();
	preempt_enable();
	return atomic_load(&met) >= hart_count;
}

static void come(void *arg)
{
	(void)arg;
	EXPECT_TRUE(meet());
	end();
}

/* On as many harts as there are, threads run at the same time. */
KTEST(thread_runs_on_each_hart)
{
	met = 0;
	for (unsigned i = 1; i < hart_count; i++)
		ASSERT_TRUE(kthread_spawn("test", come, NULL));
	EXPECT_TRUE(meet());
	join(hart_count - 1);
}

static void note_hart(void *arg)
{
	(void)arg;
	sched_yield();
	atomic_add(&on_boot_hart, hart_this() == &harts[0]);
	end();
}

/* What KTEST_ALONE() promises. */
KTEST_ALONE(thread_stays_on_the_boot_hart_while_others_are_held)
{
	on_boot_hart = 0;
	EXPECT_EQ(0, hart_this()->index);
	for (uintptr_t i = 0; i < 4 * THREADS; i++)
		ASSERT_TRUE(kthread_spawn("test", note_hart, NULL));
	join(4 * THREADS);
	EXPECT_EQ(0, hart_this()->index);
	EXPECT_EQ(4 * THREADS, on_boot_hart);
}

static unsigned step;

static void nearly_sleep(void *arg)
{
	preempt_disable();
	sched_sleep_prepare();
	atomic_store((struct thread **)arg, current_thread());
	while (atomic_load(&step) == 0)
		spin_pause();
	sched_sleep_cancel();
	preempt_enable();
	end();
}

/* Who is about to sleep still runs, on another hart. */
KTEST(thread_that_is_about_to_sleep_is_not_asleep)
{
	struct thread *thread = NULL;

	if (hart_count == 1) {
		ktest_skip("with one hart, nobody can look");
		return;
	}
	step = 0;
	ASSERT_TRUE(kthread_spawn("test", nearly_sleep, &thread));
	while (!atomic_load(&thread))
		sched_yield();
	EXPECT_TRUE(!sched_is_asleep(thread));
	atomic_store(&step, 1);
	join(1);
}

/*
 * A sample that is old keeps nobody asleep: what came between the look and the sleep
 * counts
 */
KTEST(wait_with_an_old_sample_does_not_sleep)
{
	uint64_t seq = waitq_sample(&queue);

	waitq_wake_all(&queue);
	EXPECT_EQ(0, thread_wait(&queue, seq));
	thread_wait_always(&queue, seq);
	EXPECT_EQ(0, thread_wait_until(&queue, seq, UINT64_MAX));
}

static unsigned ball, passes;

static void play(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		for (;;) {
			uint64_t seq = waitq_sample(&queue);

			if (atomic_load(&ball) == me)
				break;
			if (turn % 3 == 0)
				sched_yield();
			EXPECT_EQ(0, thread_wait(&queue, seq));
		}
		passes++;
		atomic_store(&ball, (me + 1) % THREADS);
		if (turn % 2)
			sched_yield();
		waitq_wake_all(&queue);
	}
	end();
}

/* No wake-up is lost, wherever the switches fall: a ball goes round, and nobody sleeps with it */
KTEST(wait_loses_no_wake_up)
{
	ball = passes = 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		ASSERT_TRUE(kthread_spawn("player", play, (void *)i));
	join(THREADS);
	EXPECT_EQ(THREADS * TURNS, passes);
}

static unsigned order[THREADS], norder;

static void queue_up(void *arg)
{
	uint64_t seq = waitq_sample(&queue);

	thread_wait_always(&queue, seq);
	order[norder++] = (unsigned)(uintptr_t)arg;
	end();
}

/* Who has waited longest is woken first, and one wake-up wakes one */
KTEST(wait_wakes_in_the_order_of_coming)
{
	norder = 0;
	for (uintptr_t i = 0; i < THREADS; i++) {
		ASSERT_TRUE(kthread_spawn("waiter", queue_up, (void *)i));
		ktest_settle();
	}
	for (unsigned i = 0; i < THREADS; i++) {
		/*
		 * The sequence moves with each, so that they must be asleep already: they do not
		 * sample again.
		 */
		EXPECT_TRUE(waitq_wake_one(&queue));
		ktest_settle();
		EXPECT_EQ(i + 1, norder);
		EXPECT_EQ(i, order[i]);
	}
	EXPECT_TRUE(!waitq_wake_one(&queue));
	join(THREADS);
}

KTEST(wait_ends_at_its_deadline)
{
	uint64_t start = arch_time(), deadline = start + clock_ns_to_ticks(3000000);

	EXPECT_EQ(-ETIMEDOUT, thread_wait_until(&queue, waitq_sample(&queue), deadline));
	EXPECT_TRUE(arch_time() >= deadline);
	EXPECT_TRUE(arch_time() < start + clock_ns_to_ticks(20 * NSEC_PER_SEC));
	EXPECT_EQ(-ETIMEDOUT, thread_wait_until(&queue, waitq_sample(&queue), start));
}

static void wake_later(void *arg)
{
	waitq_wake_all(&queue);
	end();
}

/* ---- many wait, and an interrupt wakes all of them ---- */

#define CROWD  60u
#define ROUNDS 20u

static uint64_t hour; /* when they are woken */
static unsigned ncrowd;

/* Some give up at the moment of the wake-up, or shortly before or after. */
static int wait_in_crowd(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;
	uint64_t seq = waitq_sample(&queue);

	atomic_add(&ncrowd, 1);
	if (me % 3 == 1)
		(void)thread_wait_until(&queue, seq, hour - 20 + me);
	else
		(void)thread_wait(&queue, seq);
	return 0;
}

static void wake_crowd(struct timer *unused)
{
	waitq_wake_all(&queue);
}

static bool crowd_gathers(int *pids)
{
	ncrowd = 0;
	for (uintptr_t i = 0; i < CROWD; i++) {
		pids[i] = ktest_spawn(wait_in_crowd, (void *)i);
		if (pids[i] <= 0)
			return false;
	}
	while (atomic_load(&ncrowd) < CROWD)
		sched_yield();
	ktest_settle();
	return true;
}

static void reap_crowd(const int *pids)
{
	for (unsigned i = 0; i < CROWD; i++)
		EXPECT_EQ(EXITED(0), ktest_reap(pids[i]));
	EXPECT_TRUE(list_empty(&queue.waiters));
}

/* R130, R131. A few are woken while interrupts are off, and they see to it that all are woken. */
KTEST(wait_of_a_crowd_ends_after_one_interrupt)
{
	int pids[CROWD];

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct timer timer;

		hour = arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC / 1000);
		ASSERT_TRUE(crowd_gathers(pids));
		timer_init(&timer, wake_crowd);
		timer_arm(&timer, hour);
		reap_crowd(pids);
		timer_cancel(&timer);
	}
}

/* R130, R131. Whoever was woken is killed before it runs, and so are some that were not. */
KTEST_ALONE(wait_of_a_crowd_ends_although_some_are_killed)
{
	int pids[CROWD];
	unsigned long flags;

	hour = UINT64_MAX / 2;
	ASSERT_TRUE(crowd_gathers(pids));
	preempt_disable();
	flags = irq_save();
	EXPECT_EQ(2, waitq_wake_all(&queue));
	irq_restore(flags);
	for (unsigned i = 0; i < 6; i++)
		EXPECT_EQ(0, ktest_kill(pids[i]));
	preempt_enable();
	reap_crowd(pids);
}

static bool was_there;

static void be_there(void *arg)
{
	(void)arg;
	atomic_store(&was_there, true);
	end();
}

/* Who is woken each time before he sleeps, as by a timer that is faster than he is, holds up nobody. */
KTEST(wait_that_never_sleeps_lets_others_run)
{
	uint64_t give_up = arch_time() + clock_ns_to_ticks(20 * SLICE_MS * 1000000ul);

	was_there = false;
	ASSERT_TRUE(kthread_spawn("test", be_there, NULL));
	while (!atomic_load(&was_there) && arch_time() < give_up)
		EXPECT_EQ(-ETIMEDOUT, thread_wait_until(&queue, waitq_sample(&queue), 0));
	EXPECT_TRUE(was_there);
	join(1);
}

KTEST(wait_woken_before_its_deadline_says_so)
{
	uint64_t deadline = arch_time() + clock_ns_to_ticks(60 * NSEC_PER_SEC);
	uint64_t seq = waitq_sample(&queue);

	ASSERT_TRUE(kthread_spawn("waker", wake_later, NULL));
	EXPECT_EQ(0, thread_wait_until(&queue, seq, deadline));
	EXPECT_TRUE(arch_time() < deadline);
	join(1);
}

static struct mutex mutex;
static unsigned inside, most_inside, counter;

static void increment(void *arg)
{
	for (unsigned i = 0; i < TURNS; i++) {
		unsigned value;

		mutex_lock(&mutex);
		inside++;
		most_inside = MAX(most_inside, inside);
		value = counter;
		if (i % 4 == 0)
			sched_yield();
		counter = value + 1;
		inside--;
		mutex_unlock(&mutex);
		if (i % 3 == 0)
			sched_yield();
	}
	end();
}

KTEST(mutex_lets_one_in_at_a_time)
{
	mutex_init(&mutex, LOCK_PIPE);
	inside = most_inside = counter = 0;
	for (unsigned i = 0; i < THREADS; i++)
		ASSERT_TRUE(kthread_spawn("locker", increment, NULL));
	join(THREADS);
	EXPECT_EQ(1, most_inside);
	EXPECT_EQ(THREADS * TURNS, counter);
	EXPECT_EQ(0, mutex.word);
}

static void take_and_tell(void *arg)
{
	mutex_lock(&mutex);
	EXPECT_TRUE(mutex_held(&mutex));
	ran = 1;
	mutex_unlock(&mutex);
	end();
}

KTEST(mutex_is_held_by_its_owner_alone)
{
	mutex_init(&mutex, LOCK_PIPE);
	ran = 0;
	mutex_lock(&mutex);
	ASSERT_TRUE(kthread_spawn("other", take_and_tell, NULL));
	ktest_settle();
	EXPECT_EQ(0, ran);
	EXPECT_TRUE(mutex_held(&mutex));
	mutex_unlock(&mutex);
	EXPECT_TRUE(!mutex_held(&mutex));
	join(1);
	EXPECT_EQ(1, ran);
}

static bool stop_spinning;

/* Work in kernel mode that never gives its hart up. */
static void spin(void *arg)
{
	while (!atomic_load(&stop_spinning))
		;
	end();
}

/* A thread in a loop of the kernel does not keep the hart: a sleeper comes back in time */
KTEST(thread_at_work_lets_others_run)
{
	uint64_t start = arch_time();
	uint64_t switches = hart_counter_sum(HART_SWITCHES);

	stop_spinning = false;
	ASSERT_TRUE(kthread_spawn("spinner", spin, NULL));
	ASSERT_TRUE(kthread_spawn("spinner", spin, NULL));
	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(-ETIMEDOUT, thread_wait_until(&queue, waitq_sample(&queue),
							arch_time() + clock_ns_to_ticks(2000000)));
	EXPECT_TRUE(arch_time() - start < clock_ns_to_ticks(20 * NSEC_PER_SEC));
	EXPECT_TRUE(hart_counter_sum(HART_SWITCHES) > switches + 3);
	atomic_store(&stop_spinning, true);
	join(2);
}

/* One that was asked, but has been preempted since, keeps the hart: it has given way already. Unless a tick comes. */
KTEST(thread_gives_way_only_if_it_is_asked)
{
	uint64_t switches;
	unsigned tries = 0;

	stop_spinning = false;
	ASSERT_TRUE(kthread_spawn("spinner", spin, NULL));
	do {
		sched_yield();
		switches = current_thread()->nivcsw;
		sched_give_way();
	} while (current_thread()->nivcsw != switches && ++tries < 20);
	EXPECT_TRUE(tries < 20);
	atomic_store(&stop_spinning, true);
	join(1);
}

/* ---- a thread that gave way goes to another hart ---- */

static struct thread *behind, *gave_way;
static bool may_leave;

static void go_to_hart(unsigned index)
{
	sched_set_harts(current_thread(), 1ul << index);
	sched_move();
}

/* Keeps hart 1, so that who comes there stays ready. */
static int keep_hart(void *arg)
{
	(void)arg;
	go_to_hart(1);
	preempt_disable();
	atomic_store(&step, 1);
	while (!atomic_load(&may_leave))
		spin_pause();
	preempt_enable();
	return 0;
}

static int go_behind(void *arg)
{
	(void)arg;
	atomic_store(&behind, current_thread());
	go_to_hart(1);
	return 0;
}

/* On hart 0, to the kernel thread that sleeps there. */
static int give_way_to(void *kthread)
{
	unsigned long flags;

	go_to_hart(0);
	while (!sched_is_asleep(kthread))
		sched_yield();
	flags = irq_save();
	atomic_store(&gave_way, current_thread());
	waitq_wake_all(&queue);
	sched_give_way();
	irq_restore(flags);
	return 0;
}

static bool is_ready_on(const struct thread *thread, const struct hart *hart)
{
	return thread && atomic_load(&thread->arch.hart) == hart && atomic_load(&thread->queued);
}

/* Returns whether the thread that had given way, and was moved then, goes before the one that is ready on the other hart. */
static bool goes_before_others(void)
{
	uint64_t seq = waitq_sample(&queue);
	int pids[3];
	bool ahead;

	step = 0;
	may_leave = false;
	behind = gave_way = NULL;
	pids[0] = ktest_spawn(keep_hart, NULL);
	while (atomic_load(&step) != 1)
		sched_yield();
	pids[1] = ktest_spawn(go_behind, NULL);
	while (!is_ready_on(atomic_load(&behind), &harts[1]))
		sched_yield();
	pids[2] = ktest_spawn(give_way_to, current_thread());
	thread_wait_always(&queue, seq);
	sched_set_harts(atomic_load(&gave_way), 2);
	EXPECT_TRUE(is_ready_on(gave_way, &harts[1]));
	ahead = atomic_load(&gave_way->ahead);
	atomic_store(&may_leave, true);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, ktest_reap(pids[i]));
	return ahead;
}

/* It has the rest of its turn there, before those that wait for theirs. (Again if its turn was over just then.) */
KTEST(thread_that_gave_way_and_is_moved_keeps_its_turn)
{
	unsigned tries = 0;

	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	go_to_hart(0);
	while (!goes_before_others() && ++tries < 5)
		;
	EXPECT_TRUE(tries < 5);
	sched_set_harts(current_thread(), hart_mask());
}

/* ---- slices that were long ---- */

static bool has_hart, has_come;

static int compute_on_hart_1(void *arg)
{
	(void)arg;
	go_to_hart(1);
	atomic_store(&has_hart, true);
	while (!atomic_load(&may_leave))
		spin_pause();
	return 0;
}

static int come_to_hart_1(void *arg)
{
	(void)arg;
	go_to_hart(1);
	atomic_store(&has_come, true);
	return 0;
}

/* A hart that began to compute while slices were long has its thread share it once they are not. */
KTEST(thread_slices_that_were_long_end_on_all_harts)
{
	uint64_t slice, deadline;
	int pids[2];

	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	may_leave = has_hart = has_come = false;
	go_to_hart(0);
	slice = sched_slice_set(clock_ns_to_ticks(600 * NSEC_PER_SEC));
	pids[0] = ktest_spawn(compute_on_hart_1, NULL);
	while (!atomic_load(&has_hart))
		sched_yield();
	(void)sched_slice_set(slice);
	pids[1] = ktest_spawn(come_to_hart_1, NULL);
	deadline = clock_ns() + 100 * NSEC_PER_SEC;
	while (!atomic_load(&has_come) && clock_ns() < deadline)
		sched_yield();
	EXPECT_TRUE(has_come);
	atomic_store(&may_leave, true);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, ktest_reap(pids[i]));
	sched_set_harts(current_thread(), hart_mask());
}

/* ---- what an idle hart is told ---- */

/* On hart 1 until `step`, then ready on hart 0, which the test keeps. Returns whether it ran there. */
static int wait_for_a_hart(void *arg)
{
	(void)arg;
	go_to_hart(1);
	atomic_store(&behind, current_thread());
	atomic_store(&has_hart, true);
	while (!atomic_load(&step))
		spin_pause();
	go_to_hart(0);
	atomic_store(&has_come, true);
	return hart_this() == &harts[0];
}

/* A thread waits for a busy hart and may leave it from now on: the next tick there tells an idle one, which takes it. */
KTEST(thread_that_may_leave_is_taken_by_an_idle_hart)
{
	uint64_t slice, deadline = clock_ns() + 20 * NSEC_PER_SEC;
	int pid;

	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	slice = sched_slice_set(clock_ns_to_ticks(500000));
	step = 0;
	behind = NULL;
	has_hart = has_come = false;
	go_to_hart(0);
	pid = ktest_spawn(wait_for_a_hart, NULL);
	while (!atomic_load(&has_hart))
		sched_yield();
	preempt_disable();
	atomic_store(&step, 1);
	while (!is_ready_on(behind, &harts[0]))
		spin_pause();
	/* So long that each of the other harts has looked for threads, has had its last tick, and rests. */
	for (uint64_t until = clock_ns() + 2000000; clock_ns() < until;)
		spin_pause();
	sched_set_harts(behind, hart_mask());
	while (!atomic_load(&has_come) && clock_ns() < deadline)
		spin_pause();
	EXPECT_TRUE(has_come);
	preempt_enable();
	EXPECT_EQ(EXITED(0), ktest_reap(pid));
	(void)sched_slice_set(slice);
	sched_set_harts(current_thread(), hart_mask());
}

static int sleep_on_hart_1(void *arg)
{
	uint64_t seq = waitq_sample(&queue);

	(void)arg;
	go_to_hart(1);
	atomic_store(&behind, current_thread());
	thread_wait_always(&queue, seq);
	return 0;
}

/* It is queued there, and has its turn without that the hart is interrupted. */
KTEST(thread_that_is_woken_for_a_busy_hart_asks_for_no_interrupt)
{
	unsigned long flags;
	uint64_t kicks;
	int pids[2];

	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	behind = NULL;
	may_leave = has_hart = false;
	go_to_hart(0);
	pids[0] = ktest_spawn(sleep_on_hart_1, NULL);
	while (!atomic_load(&behind) || !sched_is_asleep(behind))
		sched_yield();
	pids[1] = ktest_spawn(compute_on_hart_1, NULL);
	while (!atomic_load(&has_hart))
		sched_yield();
	flags = irq_save();
	kicks = harts[0].counters[HART_KICKS];
	waitq_wake_all(&queue);
	EXPECT_EQ(kicks, harts[0].counters[HART_KICKS]);
	irq_restore(flags);
	EXPECT_EQ(0, ktest_reap(pids[0]));
	atomic_store(&may_leave, true);
	EXPECT_EQ(0, ktest_reap(pids[1]));
	sched_set_harts(current_thread(), hart_mask());
}

/* ---- a rest of all threads ---- */

static void compute_a_while(void *arg)
{
	uint64_t until = arch_time() + clock_ns_to_ticks(3 * SLICE_MS * 1000000);

	(void)arg;
	atomic_store(&has_hart, true);
	while (arch_time() < until)
		;
	atomic_store(&has_come, true);
	end();
}

/* Who asks for a rest has it when no thread is in the middle of something, on this hart either. */
KTEST(thread_that_was_preempted_finishes_before_a_rest)
{
	has_hart = has_come = false;
	ASSERT_TRUE(kthread_spawn("busy", compute_a_while, NULL));
	while (!atomic_load(&has_hart))
		sched_yield();
	sched_let_finish();
	EXPECT_TRUE(has_come);
	sched_go_on();
	join(1);
}

static struct thread *resting;
static bool rest_is_asked;

/* Behind the thread that has asked for a rest, and has to wait for it: that may run on the other hart only from now on. */
static int send_the_resting_one(void *arg)
{
	(void)arg;
	go_to_hart(0);
	while (!atomic_load(&rest_is_asked))
		sched_yield();
	sched_set_harts(resting, 2);
	atomic_store(&may_leave, true);
	return 0;
}

/* The other hart rests by then, and runs nobody. */
KTEST(thread_that_asks_for_a_rest_is_not_sent_to_rest)
{
	int pids[2];

	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	resting = current_thread();
	may_leave = rest_is_asked = false;
	step = 0;
	go_to_hart(0);
	pids[0] = ktest_spawn(keep_hart, NULL);
	while (atomic_load(&step) != 1)
		sched_yield();
	pids[1] = ktest_spawn(send_the_resting_one, NULL);
	atomic_store(&rest_is_asked, true);
	sched_let_finish();
	EXPECT_TRUE(may_leave);
	EXPECT_EQ(0, hart_this()->index);
	sched_go_on();
	go_to_hart(0);
	sched_set_harts(current_thread(), hart_mask());
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(0, ktest_reap(pids[i]));
}

/*
 * A hart that is about to wait looks at its queue without the lock, and a thread that gets another place there is off the queue
 * for a moment. Here the other hart idles because it rests, and its ready thread stays queued.
 */
KTEST(thread_that_runs_as_another_is_told_to_an_idle_hart)
{
	uint64_t kicks;
	int pid;

	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	behind = NULL;
	go_to_hart(0);
	pid = ktest_spawn(sleep_on_hart_1, NULL);
	while (!atomic_load(&behind) || !sched_is_asleep(behind))
		sched_yield();
	sched_let_finish();
	waitq_wake_all(&queue);
	kicks = harts[0].counters[HART_KICKS];
	ktest_ask(behind, SCHED_FIFO, 1, 0);
	EXPECT_EQ(kicks + 1, harts[0].counters[HART_KICKS]);
	ktest_ask(behind, SCHED_OTHER, 0, 0);
	EXPECT_EQ(kicks + 2, harts[0].counters[HART_KICKS]);
	sched_go_on();
	EXPECT_EQ(0, ktest_reap(pid));
	sched_set_harts(current_thread(), hart_mask());
}

static unsigned changes;       /* from one to the other */
static const void *whose_turn; /* either's argument */

static void take_turns(void *me)
{
	while (!atomic_load(&stop_spinning)) {
		if (atomic_load(&whose_turn) == me)
			continue;
		atomic_store(&whose_turn, me);
		atomic_add(&changes, 1);
	}
	end();
}

/* Busy threads share the hart by time slices, in the kernel too: however slow it is, each gets one after the other. */
KTEST(threads_that_are_busy_take_turns)
{
	static const char one, two;

	changes = 0;
	stop_spinning = false;
	whose_turn = NULL;
	ASSERT_TRUE(kthread_spawn("busy 1", take_turns, (void *)&one));
	ASSERT_TRUE(kthread_spawn("busy 2", take_turns, (void *)&two));
	while (atomic_load(&changes) < 10)
		sched_yield();
	atomic_store(&stop_spinning, true);
	join(2);
}

/* Without anybody else to run, yielding comes back at once and switches nothing. */
KTEST_ALONE(thread_that_yields_alone_is_not_switched)
{
	uint64_t switches = hart_this()->counters[HART_SWITCHES];

	for (unsigned i = 0; i < 100; i++)
		sched_yield();
	EXPECT_EQ(switches, hart_this()->counters[HART_SWITCHES]);
	EXPECT_EQ(0, need_resched());
}

/* rseq(2): whatever a thread waits for in a page fault, others have run meanwhile */
KTEST(thread_that_sleeps_in_a_fault_has_its_sequences_looked_at)
{
	struct arch_thread *self = arch_this_thread();
	unsigned long before = self->work;

	self->rseq_due = true;
	thread_sleep_always(&queue, waitq_sample(&queue),
			    arch_time() + clock_ns_to_ticks(NSEC_PER_SEC / 100));
	EXPECT_TRUE(self->work & ARCH_WORK_RSEQ);
	self->rseq_due = false;
	__atomic_store_n(&self->work, before, __ATOMIC_RELAXED);
}

/* prctl(PR_RISCV_SET_ICACHE_FLUSH_CTX): the code that a thread has fenced on one hart is fenced where it moves to */
KTEST(thread_that_moves_fences_its_code)
{
	struct thread *self = current_thread();

	for (unsigned i = 0; i < hart_count; i++)
		go_to_hart(i);
	EXPECT_EQ(0, self->arch.work & ARCH_WORK_TEXT);
	atomic_store_relaxed(&self->text_follows, true);
	for (unsigned i = 0; i < hart_count && hart_are_several(); i++) {
		go_to_hart(i);
		EXPECT_TRUE(self->arch.work & ARCH_WORK_TEXT);
		__atomic_fetch_and(&self->arch.work, ~ARCH_WORK_TEXT, __ATOMIC_RELAXED);
	}
	atomic_store_relaxed(&self->text_follows, false);
	__atomic_fetch_and(&self->arch.work, ~ARCH_WORK_TEXT, __ATOMIC_RELAXED);
	sched_set_harts(self, hart_mask());
}

/* Asleep it does not run. */
KTEST(thread_counts_the_time_it_ran)
{
	const uint64_t ms = clock_ns_to_ticks(1000000);
	struct thread *thread = current_thread();
	uint64_t switches, before, start;

	do { /* again if another thread ran meanwhile */
		switches = hart_this()->counters[HART_SWITCHES];
		before = thread_ran_ticks(thread);
		start = arch_time();
		while (arch_time() - start < ms)
			;
	} while (hart_this()->counters[HART_SWITCHES] != switches);
	EXPECT_TRUE(thread_ran_ticks(thread) - before >= ms);
	before = thread_ran_ticks(thread);
	thread_sleep_always(&queue, waitq_sample(&queue), arch_time() + 20 * ms);
	EXPECT_TRUE(thread_ran_ticks(thread) - before < 10 * ms);
	EXPECT_STR("boot", thread->name);
}

static unsigned nwaiting;

/* Exits with 7 if it was killed instead of getting the lock. */
static int take_or_die(void *arg)
{
	int err;

	nwaiting++;
	err = mutex_lock_killable(&mutex);
	if (err)
		return err == -EINTR ? 7 : 8;
	mutex_unlock(&mutex);
	return 0;
}

/*
 * Three wait; the first is killed as it waits, the second at the moment of the unlock. The unlock
 * has woken that one, so it does not give up: the third would sleep for ever.
 */
static void kill_two_of_three(bool before_unlock)
{
	int pids[3];

	mutex_init(&mutex, LOCK_PIPE);
	nwaiting = 0;
	mutex_lock(&mutex);
	for (unsigned i = 0; i < 3; i++) {
		pids[i] = ktest_spawn(take_or_die, NULL);
		ASSERT_TRUE(pids[i] > 0);
	}
	while (nwaiting < 3)
		sched_yield();
	ktest_settle();
	EXPECT_EQ(0, ktest_kill(pids[0]));
	EXPECT_EQ(EXITED(7), ktest_reap(pids[0]));
	EXPECT_TRUE(mutex_held(&mutex));
	preempt_disable();
	if (!before_unlock)
		mutex_unlock(&mutex);
	EXPECT_EQ(0, ktest_kill(pids[1]));
	if (before_unlock)
		mutex_unlock(&mutex);
	preempt_enable();
	ASSERT_TRUE(ktest_reap(pids[1]) == EXITED(0));
	EXPECT_EQ(EXITED(0), ktest_reap(pids[2]));
	EXPECT_EQ(0, mutex.word);
}

static struct mutex wanted;
static bool had_it;

static void want_it(void *arg)
{
	(void)arg;
	mutex_lock(&wanted);
	atomic_store(&had_it, true);
	mutex_unlock(&wanted);
	end();
}

static void until_it_is_waited_for(void)
{
	while (!(atomic_load(&wanted.word) & MUTEX_WAITED))
		sched_yield();
}

static void until_it_was_wanted_in_vain(void)
{
	while (!atomic_load(&wanted.passed_over))
		sched_yield();
}

/* A thread that releases a lock may take it again before the woken thread runs, but only once. On one hart the order is sure. */
KTEST(mutex_is_not_taken_again_and_again)
{
	mutex_init(&wanted, LOCK_PIPE);
	had_it = false;
	mutex_lock(&wanted);
	ASSERT_TRUE(kthread_spawn("test", want_it, NULL));
	until_it_is_waited_for();
	if (!hart_are_several()) {
		preempt_disable();
		mutex_unlock(&wanted);
		mutex_lock(&wanted);
		preempt_enable();
		until_it_was_wanted_in_vain();
		EXPECT_TRUE(!had_it);
		preempt_disable();
		mutex_unlock(&wanted);
		EXPECT_TRUE(mutex_owner(&wanted) && !mutex_held(&wanted));
		preempt_enable();
		mutex_lock(&wanted);
		EXPECT_TRUE(had_it);
	}
	mutex_unlock(&wanted);
	join(1);
	EXPECT_EQ(0, wanted.word);
}

/* P: a kill ends the wait for a lock, but not that of a thread which is woken at the same time. */
KTEST_ALONE(mutex_wait_ends_with_a_kill)
{
	kill_two_of_three(false);
	kill_two_of_three(true);
}
