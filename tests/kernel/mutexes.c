/* SPDX-License-Identifier: MIT */
/* Mutexes: the owner runs as the first of those that wait for it, who come by priority (R132). */
#include "abi/errno.h"
#include "abi/sched.h"
#include "base/hart.h"
#include "proc/mutex.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

#define LOCKS	2
#define WAITERS 3

static struct mutex locks[LOCKS];
static struct thread *owners[LOCKS], *waiters[WAITERS]; /* atomic: NULL until they run */
static uint32_t go_on;					/* atomic: the owner of locks[0] goes on */
static unsigned order[WAITERS], norder;			/* who got locks[0]; guarded by that */

static void begin(void)
{
	static const enum lock_class classes[LOCKS] = { LOCK_MMAP, LOCK_PIPE };

	for (unsigned i = 0; i < LOCKS; i++) {
		mutex_init(&locks[i], classes[i]);
		owners[i] = NULL;
	}
	for (unsigned i = 0; i < WAITERS; i++)
		waiters[i] = NULL;
	go_on = norder = 0;
}

/* Has the first lock until `go_on`. The status says whether it ran as before afterwards. */
static int own_until_told(void *arg)
{
	const uint64_t any = current_thread()->runs_as.any;

	(void)arg;
	mutex_lock(&locks[0]);
	atomic_store(&owners[0], current_thread());
	(void)thread_park(&go_on, false, UINT64_MAX);
	mutex_unlock(&locks[0]);
	return current_thread()->runs_as.any != any;
}

/* Has the second lock, and waits for the first. */
static int own_and_wait(void *arg)
{
	const uint64_t any = current_thread()->runs_as.any;

	(void)arg;
	mutex_lock(&locks[1]);
	atomic_store(&owners[1], current_thread());
	mutex_lock(&locks[0]);
	mutex_unlock(&locks[0]);
	mutex_unlock(&locks[1]);
	return current_thread()->runs_as.any != any;
}

struct wait {
	unsigned lock, number, priority;
};

/* Exits with 7 if it was killed instead of getting the lock. */
static int wait_with_priority(void *arg)
{
	const struct wait *wait = arg;
	struct mutex *lock = &locks[wait->lock];
	int err;

	if (wait->priority)
		ktest_ask(current_thread(), SCHED_FIFO, wait->priority, 0);
	atomic_store(&waiters[wait->number], current_thread());
	err = mutex_lock_killable(lock);
	if (err)
		return err == -EINTR ? 7 : 8;
	order[norder++] = wait->number;
	mutex_unlock(lock);
	return 0;
}

/* Returns once it sleeps for the lock. */
static int spawn_waiter(struct wait *wait)
{
	int pid = ktest_spawn(wait_with_priority, wait);

	EXPECT_TRUE(pid > 0 && ktest_await_asleep(&waiters[wait->number]));
	return pid;
}

static int spawn_owner(int (*main)(void *), unsigned lock)
{
	int pid = ktest_spawn(main, NULL);

	EXPECT_TRUE(pid > 0 && ktest_await_asleep(&owners[lock]));
	return pid;
}

static void let_go(void)
{
	atomic_store(&go_on, 1);
	thread_wake(owners[0]);
}

/* The owner runs with the highest priority of those that wait, whether they come, are raised or are killed, until it unlocks. */
KTEST(mutex_waiters_lend_to_the_owner)
{
	struct wait waits[] = { { 0, 0, 20 }, { 0, 1, 40 }, { 0, 2, 30 } };
	int owner, pids[3];

	begin();
	owner = spawn_owner(own_until_told, 0);
	pids[0] = spawn_waiter(&waits[0]);
	EXPECT_TRUE(ktest_await_priority(&owners[0], 20));
	pids[1] = spawn_waiter(&waits[1]);
	EXPECT_TRUE(ktest_await_priority(&owners[0], 40));
	pids[2] = spawn_waiter(&waits[2]);
	EXPECT_TRUE(ktest_await_priority(&owners[0], 40));
	EXPECT_EQ(0, ktest_kill(pids[1]));
	EXPECT_EQ(EXITED(7), ktest_reap(pids[1]));
	EXPECT_TRUE(ktest_await_priority(&owners[0], 30));
	ktest_ask(waiters[0], SCHED_FIFO, 60, 0);
	EXPECT_TRUE(ktest_await_priority(&owners[0], 60));
	ktest_ask(waiters[0], SCHED_OTHER, 0, 0);
	EXPECT_TRUE(ktest_await_priority(&owners[0], 30));
	let_go();
	EXPECT_EQ(EXITED(0), ktest_reap(owner));
	EXPECT_EQ(EXITED(0), ktest_reap(pids[0]));
	EXPECT_EQ(EXITED(0), ktest_reap(pids[2]));
	EXPECT_EQ(0, locks[0].word);
}

/* Who waits gets the lock by priority, and those of one priority in order. */
KTEST(mutex_waiters_come_by_priority)
{
	struct wait waits[] = { { 0, 0, 0 }, { 0, 1, 0 }, { 0, 2, 10 } };
	int owner, pids[WAITERS];

	begin();
	owner = spawn_owner(own_until_told, 0);
	for (unsigned i = 0; i < WAITERS; i++)
		pids[i] = spawn_waiter(&waits[i]);
	let_go();
	EXPECT_EQ(EXITED(0), ktest_reap(owner));
	for (unsigned i = 0; i < WAITERS; i++)
		EXPECT_EQ(EXITED(0), ktest_reap(pids[i]));
	EXPECT_EQ(2, order[0]);
	EXPECT_EQ(0, order[1]);
	EXPECT_EQ(1, order[2]);
}

/* What is lent to an owner that waits for another lock is lent on to the owner of that. */
KTEST(mutex_lends_on_what_is_lent)
{
	struct wait wait = { 1, 0, 50 };
	int first, second, pid;

	begin();
	first = spawn_owner(own_until_told, 0);
	second = spawn_owner(own_and_wait, 1);
	pid = spawn_waiter(&wait);
	EXPECT_TRUE(ktest_await_priority(&owners[1], 50));
	EXPECT_TRUE(ktest_await_priority(&owners[0], 50));
	EXPECT_EQ(0, ktest_kill(pid));
	EXPECT_EQ(EXITED(7), ktest_reap(pid));
	EXPECT_TRUE(ktest_await_rank(&owners[1], WEIGHT_USUAL));
	EXPECT_TRUE(ktest_await_rank(&owners[0], WEIGHT_USUAL));
	let_go();
	EXPECT_EQ(EXITED(0), ktest_reap(first));
	EXPECT_EQ(EXITED(0), ktest_reap(second));
}

/* Unlocks, and locks again before the woken thread runs. The status says whether that lends to it anew. */
static int own_again(void *arg)
{
	unsigned priority;

	(void)arg;
	mutex_lock(&locks[0]);
	atomic_store(&owners[0], current_thread());
	(void)thread_park(&go_on, false, UINT64_MAX);
	preempt_disable();
	mutex_unlock(&locks[0]);
	mutex_lock(&locks[0]);
	priority = current_thread()->runs_as.rt_priority;
	preempt_enable();
	mutex_unlock(&locks[0]);
	return priority != 30;
}

/* On one hart the order is sure. */
KTEST(mutex_lends_to_an_owner_that_did_not_wait)
{
	struct wait wait = { 0, 0, 30 };
	int owner, pid;

	if (hart_are_several())
		return;
	begin();
	owner = spawn_owner(own_again, 0);
	pid = spawn_waiter(&wait);
	let_go();
	EXPECT_EQ(EXITED(0), ktest_reap(owner));
	EXPECT_EQ(EXITED(0), ktest_reap(pid));
}

static int own_nicely(void *arg)
{
	ktest_ask(current_thread(), SCHED_OTHER, 0, 19);
	return own_until_told(arg);
}

/* Waits for the first lock, and has it for a while. */
static int own_second(void *arg)
{
	ktest_ask(current_thread(), SCHED_OTHER, 0, 19);
	atomic_store(&waiters[2], current_thread());
	mutex_lock(&locks[0]);
	while (!atomic_load(&waiters[1]) || thread_rank(current_thread()) < WEIGHT_USUAL)
		sched_yield();
	mutex_unlock(&locks[0]);
	return thread_rank(current_thread()) >= WEIGHT_USUAL;
}

/* Who waits behind another one lends to that when it has got the lock. */
KTEST(mutex_lends_to_the_next_owner)
{
	struct wait wait = { 0, 1, 0 };
	int owner, next, pid;

	begin();
	owner = spawn_owner(own_until_told, 0);
	next = ktest_spawn(own_second, NULL);
	EXPECT_TRUE(ktest_await_asleep(&waiters[2]));
	pid = spawn_waiter(&wait);
	let_go();
	EXPECT_EQ(EXITED(0), ktest_reap(owner));
	EXPECT_EQ(EXITED(0), ktest_reap(next));
	EXPECT_EQ(EXITED(0), ktest_reap(pid));
}

/* The weight passes over, too. Nothing is lent to who asked for as much: that takes a lock which all harts share. */
KTEST(mutex_lends_a_weight_where_it_helps)
{
	struct wait waits[] = { { 0, 0, 0 }, { 0, 1, 0 } };
	int owner, pids[2];

	begin();
	owner = spawn_owner(own_nicely, 0);
	pids[0] = spawn_waiter(&waits[0]);
	EXPECT_TRUE(ktest_await_rank(&owners[0], WEIGHT_USUAL));
	EXPECT_TRUE(waiters[0]->lends != NULL);
	let_go();
	EXPECT_EQ(EXITED(0), ktest_reap(owner));
	EXPECT_EQ(EXITED(0), ktest_reap(pids[0]));

	begin();
	owner = spawn_owner(own_until_told, 0);
	pids[1] = spawn_waiter(&waits[1]);
	EXPECT_TRUE(waiters[1]->lends == NULL);
	let_go();
	EXPECT_EQ(EXITED(0), ktest_reap(owner));
	EXPECT_EQ(EXITED(0), ktest_reap(pids[1]));
}
