/* SPDX-License-Identifier: MIT */
/* Processes that run a few user instructions: how they end, and who is told. */
#include "proc/process.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"

static int run(const struct program *program)
{
	return ktest_run(program_main, (void *)program);
}

PROGRAM(exits_with_42, EXIT(42));
PROGRAM(exits_with_300, EXIT(300));

/* R4: a system call moves the PC on; the status is the low byte */
KTEST(process_exit_status_is_told)
{
	EXPECT_EQ(EXITED(42), run(&exits_with_42));
	EXPECT_EQ(EXITED(300 & 0xff), run(&exits_with_300));
}

/*
 * R11, R4: load, store, load again: the instructions that faulted ran once each, with what the
 * fault brought
 */
PROGRAM(uses_untouched_memory, LUI(T0, DATA_PAGES), LD(A1, 8, T0), LI(A0, 7), SD(A0, 8, T0),
	LD(A0, 8, T0), CODE_I(0x33u, 0, A0, A0, A1), EXIT_A0);

KTEST(process_faults_are_served_and_run_again)
{
	/* (add a0, a0, a1: 7 + 0) */
	EXPECT_EQ(EXITED(7), run(&uses_untouched_memory));
}

PROGRAM(spins, LOOP);

/* The ticks that a living process has run. */
static uint64_t ticks_of(int pid)
{
	uint64_t ticks;

	spin_lock(&process_tree_lock);
	ticks = thread_ran_ticks(process_find(pid)->leader);
	spin_unlock(&process_tree_lock);
	return ticks;
}

/* Two of them share the hart: none is left without some of it */
KTEST(process_loops_share_the_hart)
{
	static struct waitq never = WAITQ_INIT(never);
	int a = ktest_spawn(program_main, (void *)&spins),
	    b = ktest_spawn(program_main, (void *)&spins);
	uint64_t some = clock_ns_to_ticks(15000000);
	unsigned naps = 0;

	ASSERT_TRUE(a > 0 && b > 0);
	while (naps++ < 500 && (ticks_of(a) < some || ticks_of(b) < some))
		(void)thread_wait_until(&never, waitq_sample(&never),
					arch_time() + clock_ns_to_ticks(10000000));
	EXPECT_TRUE(ticks_of(a) >= some && ticks_of(b) >= some);
	EXPECT_EQ(0, ktest_kill(a));
	EXPECT_EQ(0, ktest_kill(b));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(a));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(b));
}

/* ---- families, of processes in kernel mode ---- */

static int exit_with(void *arg)
{
	return (int)(uintptr_t)arg;
}

static bool may_exit;

static int exit_when_told(void *arg)
{
	while (!atomic_load(&may_exit))
		sched_yield();
	return (int)(uintptr_t)arg;
}

/* R25: wait4's own part: any child, one child, none left */
KTEST_IN_PROCESS(process_wait_finds_the_child_it_was_asked_for)
{
	int first, second, status = -1;

	EXPECT_EQ(-ECHILD, ktest_wait(-1, 0, &status));
	may_exit = false;
	first = ktest_spawn(exit_when_told, (void *)5);
	second = ktest_spawn(exit_when_told, (void *)6);
	EXPECT_EQ(0, ktest_wait(-1, WNOHANG, &status));
	atomic_store(&may_exit, true);
	EXPECT_EQ(second, ktest_wait(second, 0, &status));
	EXPECT_EQ(EXITED(6), status);
	EXPECT_EQ(-ECHILD, ktest_wait(second, 0, &status));
	EXPECT_EQ(first, ktest_wait(-1, 0, &status));
	EXPECT_EQ(EXITED(5), status);
	EXPECT_EQ(-ECHILD, ktest_wait(-1, 0, &status));
}

static int grandchild;

static int leave_a_grandchild(void *arg)
{
	grandchild = ktest_spawn(exit_with, (void *)3);
	ktest_settle(); /* it ends */
	return 0;
}

static bool is_there(int pid)
{
	bool there;

	spin_lock(&process_tree_lock);
	there = process_find(pid) != NULL;
	spin_unlock(&process_tree_lock);
	return there;
}

static int outlive_the_middle(void *arg)
{
	int status, pid = ktest_spawn(leave_a_grandchild, NULL);

	EXPECT_EQ(pid, ktest_wait(pid, 0, &status));
	ktest_settle();
	EXPECT_TRUE(grandchild > 0 && !is_there(grandchild));
	return 0;
}

/* Process 1 gets a zombie from one who was not its own child: it is told then and there. */
KTEST(process_zombie_of_a_grandchild_is_reaped_at_once)
{
	grandchild = 0;
	EXPECT_EQ(EXITED(0), ktest_run(outlive_the_middle, NULL));
}

static int orphan;

static int outlive(void *arg)
{
	while (atomic_load(&orphan) == 0)
		sched_yield();
	spin_lock(&process_tree_lock);
	orphan = current_process()->parent->pid;
	spin_unlock(&process_tree_lock);
	return 77;
}

static int leave_an_orphan(void *arg)
{
	return ktest_spawn(outlive, NULL) & 0x7f;
}

/* Orphans go to process 1, which learns of their end */
KTEST(process_orphans_go_to_process_1)
{
	int status, pid = 0;

	orphan = 0;
	status = ktest_run(leave_an_orphan, NULL);
	spin_lock(&process_tree_lock);
	if (!list_empty(&process_find(PID_INIT)->children))
		pid = list_first_entry(&process_find(PID_INIT)->children, struct process, sibling)
			      ->pid;
	spin_unlock(&process_tree_lock);
	EXPECT_EQ(EXITED(pid & 0x7f), status);
	atomic_store(&orphan, -1);
	EXPECT_EQ(EXITED(77), ktest_reap(pid));
	EXPECT_EQ(PID_INIT, orphan);
}

static struct waitq nobody = WAITQ_INIT(nobody);

static int wait_until_killed(void *arg)
{
	EXPECT_EQ(-EINTR, thread_wait(&nobody, waitq_sample(&nobody)));
	EXPECT_EQ(-EINTR, thread_wait(&nobody, waitq_sample(&nobody)));
	return program_main((void *)&spins);
}

/* SIGKILL ends a wait inside the kernel */
KTEST(process_wait_ends_by_a_kill)
{
	int pid = ktest_spawn(wait_until_killed, NULL);

	ASSERT_TRUE(pid > 0);
	ktest_settle();
	EXPECT_EQ(0, ktest_kill(pid));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(pid));
	EXPECT_TRUE(list_empty(&nobody.waiters));
}

/* R66: a storm of processes, some with memory of their own */
KTEST(process_storm_leaves_nothing_behind)
{
	static int pids[32];

	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
			pids[i] =
				ktest_spawn(program_main, (void *)(i % 2 ? &exits_with_42
									 : &uses_untouched_memory));
			ASSERT_TRUE(pids[i] > 0);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
			EXPECT_EQ(EXITED(i % 2 ? 42 : 7), ktest_reap(pids[i]));
	}
}

#ifdef FAULTLINE_HARDENED

/* ---- a visit of all processes ---- */

#define CROWD 20u /* more than are visited while the lock is held once */

static struct waitq crowd_may_go = WAITQ_INIT(crowd_may_go);
static bool crowd_goes;
static struct thread *visitor;
static int newborn, leaver;

static bool may_go(void)
{
	return atomic_load(&crowd_goes) || atomic_load(&leaver) == current_process()->pid;
}

static int wait_in_crowd(void *unused)
{
	while (!may_go()) {
		uint64_t seq = waitq_sample(&crowd_may_go);

		if (!may_go())
			thread_wait_always(&crowd_may_go, seq);
	}
	return 0;
}

static int end_at_once(void *unused)
{
	return 0;
}

/* Where the visit drops the lock for the first time, a process is made. */
static void make_newborn(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_PROCESS_TREE || current_thread() != visitor)
		return;
	interleave_hook = NULL;
	newborn = ktest_spawn(wait_in_crowd, NULL);
}

struct visited {
	int first; /* of the crowd */
	unsigned crowd, newborn;
};

static void count_visit(struct process *process, void *arg)
{
	struct visited *visited = arg;

	visited->crowd += process->pid >= visited->first &&
			  process->pid < visited->first + (int)CROWD;
	visited->newborn += process->pid == newborn;
}

/* One that is made where the visit has been already is seen at its end, and nobody is seen twice. */
KTEST_ALONE(process_visit_all_sees_whom_was_made_meanwhile)
{
	struct visited visited = { 0 };
	int pid;

	/* The crowd's pids go over the end of the buckets: the next pid is in one of the first. */
	do {
		pid = ktest_spawn(end_at_once, NULL);
		EXPECT_EQ(EXITED(0), ktest_reap(pid));
	} while (pid % 256 != 256 - 18);
	crowd_goes = false;
	visited.first = pid + 1;
	for (unsigned i = 0; i < CROWD; i++)
		EXPECT_EQ(visited.first + (int)i, ktest_spawn(wait_in_crowd, NULL));
	visitor = current_thread();
	newborn = 0;
	spin_lock(&process_tree_lock);
	interleave_hook = make_newborn;
	process_visit_all(count_visit, &visited);
	spin_unlock(&process_tree_lock);
	interleave_hook = NULL;
	EXPECT_EQ(visited.first + (int)CROWD, newborn);
	EXPECT_EQ(CROWD, visited.crowd);
	EXPECT_EQ(1, visited.newborn);
	atomic_store(&crowd_goes, true);
	waitq_wake_all(&crowd_may_go);
	for (unsigned i = 0; i < CROWD; i++)
		EXPECT_EQ(EXITED(0), ktest_reap(visited.first + (int)i));
	EXPECT_EQ(EXITED(0), ktest_reap(newborn));
}

/* Processes of which the pid table has all in one bucket. */
static int bucket_pids[CROWD];
static unsigned nvisits[CROWD];
static unsigned in_this_hold, in_longest_hold;
static int last_visited;

static void count_in_bucket(struct process *process, void *each_ends_a_piece)
{
	if (*(bool *)each_ends_a_piece)
		process_visit_ends_piece();
	in_longest_hold = MAX(in_longest_hold, ++in_this_hold);
	for (unsigned i = 0; i < CROWD; i++) {
		if (process->pid != bucket_pids[i])
			continue;
		nvisits[i]++;
		last_visited = process->pid;
	}
}

/* Where the visit drops the lock inside the bucket for the first time, the process that it has come to is reaped. */
static void reap_last_visited(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_PROCESS_TREE || current_thread() != visitor)
		return;
	in_this_hold = 0;
	if (!last_visited || leaver)
		return;
	interleave_hook = NULL;
	atomic_store(&leaver, last_visited);
	waitq_wake_all(&crowd_may_go);
	EXPECT_EQ(EXITED(0), ktest_reap(leaver));
	interleave_hook = reap_last_visited;
}

#define BUCKET 100

/* The next process will be in that bucket. */
static void skip_pids(void)
{
	struct process *init = process_init_get();
	int id;

	do {
		id = thread_id_take(init);
		thread_id_put(init, id);
	} while (id > 0 && id % 256 != BUCKET - 1);
}

static void visit_bucket_of_many(bool each_ends_a_piece)
{
	visitor = current_thread();
	crowd_goes = false;
	leaver = last_visited = 0;
	in_this_hold = in_longest_hold = 0;
	memset(nvisits, 0, sizeof(nvisits));
	for (unsigned i = 0; i < CROWD; i++) {
		skip_pids();
		bucket_pids[i] = ktest_spawn(wait_in_crowd, NULL);
		EXPECT_EQ(BUCKET, bucket_pids[i] % 256);
	}
	spin_lock(&process_tree_lock);
	interleave_hook = reap_last_visited;
	process_visit_all(count_in_bucket, &each_ends_a_piece);
	interleave_hook = NULL;
	spin_unlock(&process_tree_lock);
	atomic_store(&crowd_goes, true);
	waitq_wake_all(&crowd_may_go);
	EXPECT_TRUE(leaver != 0);
	for (unsigned i = 0; i < CROWD; i++) {
		EXPECT_EQ(1, nvisits[i]);
		if (bucket_pids[i] != leaver)
			EXPECT_EQ(EXITED(0), ktest_reap(bucket_pids[i]));
	}
}

/* R131. The lock is dropped inside a bucket, and the visit goes on behind a process that is gone. */
KTEST_ALONE(process_visit_all_drops_the_lock_inside_a_bucket)
{
	visit_bucket_of_many(false);
	EXPECT_TRUE(in_longest_hold < CROWD);
	visit_bucket_of_many(true);
	EXPECT_EQ(1, in_longest_hold);
}

#endif
