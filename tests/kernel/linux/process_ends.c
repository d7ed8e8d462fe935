/* SPDX-License-Identifier: MIT */
/* How processes end and wait as Linux has it, beside what tests/kernel/processes.c says of every layer. */
#include "linux/process/linux_process.h"

#include "abi/errno.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/syscall.h"
#include "abi/wait.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/reap.h"
#include "linux/process/task.h"
#include "linux/signal/kill.h"
#include "linux/signal/queue.h"
#include "linux/signal/send.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"

static int run(const struct program *program)
{
	return ktest_run(program_main, (void *)program);
}

/* R6: each cause its signal; only that process ends */
PROGRAM(illegal, ILLEGAL);
PROGRAM(breakpoint, EBREAK);
PROGRAM(reads_null, LD(A0, 0, ZERO), EXIT(1));
PROGRAM(writes_its_text, LUI(T0, CODE_PAGES), SD(ZERO, 64, T0), EXIT(1));
PROGRAM(runs_its_data, LUI(T0, DATA_PAGES), JR(T0));
PROGRAM(jumps_to_null, JR(ZERO));
PROGRAM(reads_a_hole, LUI(T0, DATA_PAGES + 1), LD(A0, 0, T0), EXIT(1));
PROGRAM(reads_the_kernel, LI(T0, -8), LD(A0, 0, T0), EXIT(1));
PROGRAM(writes_above_its_heap, LI(A0, 0), CALL(214), SD(ZERO, 0, A0), EXIT(1));

KTEST(process_is_ended_by_the_signal_of_its_cause)
{
	static const struct {
		const struct program *program;
		int sig;
	} cases[] = {
		{ &illegal, SIGILL },		{ &breakpoint, SIGTRAP },
		{ &reads_null, SIGSEGV },      /* R12 */
		{ &writes_its_text, SIGSEGV }, /* R61 */
		{ &runs_its_data, SIGSEGV },   /* R11: never X */
		{ &jumps_to_null, SIGSEGV },   /* R3: a fetch */
		{ &reads_a_hole, SIGSEGV },    /* R12 */
		{ &reads_the_kernel, SIGSEGV }, { &writes_above_its_heap, SIGSEGV }, /* R12 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_EQ(KILLED(cases[i].sig), run(cases[i].program));
}

PROGRAM(spins, LOOP);

/* R5, R9: a program that loops for ever neither keeps the hart nor escapes a kill */
KTEST(process_that_loops_is_preempted_and_killed)
{
	int pid = ktest_spawn(program_main, (void *)&spins);
	uint64_t deadline = arch_time() + clock_ns_to_ticks(30000000);
	static struct waitq never = WAITQ_INIT(never);

	ASSERT_TRUE(pid > 0);
	EXPECT_EQ(-ETIMEDOUT, thread_wait_until(&never, waitq_sample(&never), deadline));
	EXPECT_EQ(0, process_kill(pid, 0));
	EXPECT_EQ(0, process_kill(pid, SIGTERM));
	EXPECT_EQ(KILLED(SIGTERM), ktest_reap(pid));
	EXPECT_EQ(-ESRCH, process_kill(pid, 0));
}

KTEST_IN_PROCESS(process_wait_refuses_what_names_no_child)
{
	struct usage usage;
	int status;

	EXPECT_EQ(-EINVAL, process_wait(-1, 0x100, &status, &usage));
	EXPECT_EQ(-ESRCH, process_wait(INT32_MIN, 0, &status, &usage));
}

static int exit_with(void *arg)
{
	return (int)(uintptr_t)arg;
}

static int leave_a_zombie(void *arg)
{
	int pid = ktest_spawn(exit_with, (void *)3);
	bool zombie = false;

	while (!zombie) {
		struct process *child;

		sched_yield();
		spin_lock(&process_tree_lock);
		child = process_find(pid);
		zombie = child && child->state == PROCESS_ZOMBIE && !child->uspace &&
			 !child->leader->fdtable;
		spin_unlock(&process_tree_lock);
	}
	EXPECT_EQ(0, process_kill(pid, SIGKILL));
	return pid & 0x7f;
}

/*
 * A zombie holds no memory but itself; its orphan is reaped by process 1 (R66: the harness counts)
 */
KTEST(process_orphan_zombie_is_reaped_by_process_1)
{
	int status = ktest_run(leave_a_zombie, NULL);

	EXPECT_TRUE(WIFEXITED(status));
	ktest_settle();
	spin_lock(&process_tree_lock);
	EXPECT_TRUE(list_empty(&process_find(PID_INIT)->children));
	spin_unlock(&process_tree_lock);
}

/* clone(CLONE_PARENT | SIGCHLD), and both exit(3) */
PROGRAM(makes_a_sibling, LUI(A0, CLONE_PARENT >> 12), ADDI(A0, A0, SIGCHLD), LI(A1, 0),
	CALL(SYS_clone), EXIT(3));

/* Process 1 has both as its children, and the harness counts. */
KTEST(process_sibling_is_reaped_by_the_same_parent)
{
	EXPECT_EQ(EXITED(3), ktest_run(program_main, (void *)&makes_a_sibling));
	ktest_settle();
	spin_lock(&process_tree_lock);
	EXPECT_TRUE(list_empty(&process_find(PID_INIT)->children));
	spin_unlock(&process_tree_lock);
}

/* Signals that are ignored or blocked */
static int block_and_send(void *arg)
{
	uint64_t mask = SIGNAL_BIT(SIGTERM) | SIGNAL_BIT(SIGKILL), old;

	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &mask, &old));
	EXPECT_EQ(0, old);
	signal_send(current_process(), SIGTERM);
	signal_send(current_process(), SIGCHLD);
	signal_send(current_process(), SIGWINCH);
	EXPECT_TRUE(!current_killed());
	EXPECT_EQ(0, signal_mask(SIG_SETMASK, NULL, &old));
	EXPECT_EQ(SIGNAL_BIT(SIGTERM), old);
	mask = 0;
	EXPECT_EQ(0, signal_mask(SIG_SETMASK, &mask, &old));
	EXPECT_TRUE(!current_killed()); /* it ends on the way to user mode */
	return program_main((void *)&spins);
}

KTEST(process_blocked_signals_wait)
{
	EXPECT_EQ(KILLED(SIGTERM), ktest_run(block_and_send, NULL));
}

#ifdef FAULTLINE_HARDENED

/* ---- a signal that is sent in pieces ---- */

static struct waitq may_leave = WAITQ_INIT(may_leave);
static struct thread *sender;
static int newborn, leaver; /* leaver: a pid; -1: all leave */

static bool may_go(void)
{
	int who = atomic_load(&leaver);

	return who == -1 || who == current_process()->pid;
}

static int wait_to_leave(void *unused)
{
	while (!may_go()) {
		uint64_t seq = waitq_sample(&may_leave);

		if (!may_go())
			thread_wait_always(&may_leave, seq);
	}
	return 0;
}

#define MANY_SIGNALS 300 /* more than are dropped while the locks are held once */

static void queue_many(int pid, int sig)
{
	const struct signal_info info = { .sig = sig, .code = SI_USER };
	struct thread *thread;

	spin_lock(&process_tree_lock);
	thread = process_find(pid)->leader;
	spin_lock(&linux_process(thread->process)->signals.lock);
	for (unsigned i = 0; i < MANY_SIGNALS; i++) {
		task_of(thread)->signals.pending.set = 0; /* else it is kept once */
		EXPECT_EQ(0, signal_queue(thread, false, &info));
	}
	spin_unlock(&linux_process(thread->process)->signals.lock);
	spin_unlock(&process_tree_lock);
}

static bool is_pending(int pid, int sig)
{
	bool pending;

	spin_lock(&process_tree_lock);
	pending = linux_process(process_find(pid))->signals.shared.set & SIGNAL_BIT(sig);
	spin_unlock(&process_tree_lock);
	return pending;
}

static int target; /* the pid that the signal is sent to */

/* Between the first two pieces the process is reaped, and another one gets its pid. */
static void take_over_pid(enum interleave_kind kind, enum lock_class class, void *what)
{
	struct process *init;
	int id;

	(void)what;
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_PROCESS_TREE || current_thread() != sender)
		return;
	interleave_hook = NULL;
	init = process_init_get();
	atomic_store(&leaver, target);
	waitq_wake_all(&may_leave);
	EXPECT_EQ(EXITED(0), ktest_reap(target));
	atomic_store(&leaver, 0); /* who gets the number next stays */
	do {
		id = thread_id_take(init);
		thread_id_put(init, id);
	} while (id > 0 && id != target - 1);
	newborn = ktest_spawn(wait_to_leave, NULL);
	EXPECT_EQ(target, newborn);
}

static void signal_pid_that_changes_hands(int (*send)(int pid, int sig))
{
	int before = ktest_spawn(exit_with, NULL);

	EXPECT_EQ(EXITED(0), ktest_reap(before)); /* the id before the next one is free */
	newborn = leaver = 0;
	target = ktest_spawn(wait_to_leave, NULL);
	sender = current_thread();
	queue_many(target, SIGCONT);
	interleave_hook = take_over_pid;
	EXPECT_EQ(0, send(target, SIGSTOP));
	interleave_hook = NULL;
	ASSERT_TRUE(newborn == target);
	EXPECT_TRUE(!is_pending(newborn, SIGSTOP));
	atomic_store(&leaver, -1);
	waitq_wake_all(&may_leave);
	EXPECT_EQ(EXITED(0), ktest_reap(newborn));
}

static int send_to_thread(int tid, int sig)
{
	const struct signal_info info = { .sig = sig, .code = SI_TKILL };

	return thread_signal(0, tid, &info);
}

/* It goes to who had the pid when it was sent. */
KTEST_ALONE(process_signal_in_pieces_goes_to_one_process)
{
	signal_pid_that_changes_hands(process_kill);
	signal_pid_that_changes_hands(send_to_thread);
}

#endif
