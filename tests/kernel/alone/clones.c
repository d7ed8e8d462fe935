/* SPDX-License-Identifier: MIT */
/* clone without a layer: each of its allocations fails in turn. */
#include "abi/errno.h"
#include "abi/sched.h"
#include "arch/context.h"
#include "boot/alone/process.h"
#include "mm/check/alloc_fail.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"

#ifdef FAULTLINE_HARDENED

PROGRAM(exits_with_9, EXIT(9));

static unsigned fail_at;
static bool reached; /* the clone has made that many allocations */

/* The running process, in kernel mode, has a user frame for its child or thread to begin with; the id is written to its memory. */
static long clone_failing(uint64_t flags)
{
	struct trap_frame *frame = arch_thread_frame(arch_this_thread());
	long id;

	EXPECT_EQ(0, program_load(&exits_with_9));
	arch_frame_start(frame, CODE_AT, 0);
	frame->orig_a0 = flags | CLONE_CHILD_SETTID;
	frame_set_word(frame, 4, DATA_AT);
	alloc_fail_at = fail_at;
	id = clone_alone(frame);
	reached = alloc_fail_at == 0;
	alloc_fail_at = 0;
	return id;
}

/* 1: there is a child, which runs; 2: it was refused, and there is none. */
static int child_failing(void *arg)
{
	long pid = clone_failing(0);
	int status = 0;

	if (pid < 0) {
		EXPECT_EQ(-ENOMEM, pid);
		EXPECT_EQ(-ECHILD, ktest_wait(-1, 0, &status));
		return 2;
	}
	EXPECT_EQ(pid, ktest_wait(-1, 0, &status));
	EXPECT_EQ(EXITED(9), status);
	return 1;
}

/* The thread has descriptors of its own. */
static int thread_failing(void *arg)
{
	long tid = clone_failing(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD);
	struct process *process = current_process();

	if (tid < 0) {
		EXPECT_EQ(-ENOMEM, tid);
		EXPECT_EQ(1, atomic_load(&process->nlive));
		EXPECT_EQ(0, process->nextra);
		return 2;
	}
	while (atomic_load(&process->nlive) > 1)
		sched_yield();
	return 1;
}

/* Until one goes through untouched. None finds what another has left to be used again. */
static void fail_each(int (*clone)(void *arg), unsigned least)
{
	unsigned refused = 0;

	for (fail_at = 1, reached = true; reached && fail_at < 100; fail_at++) {
		int status;

		kthread_reap();
		mm_trim();
		status = ktest_run(clone, NULL);
		refused += status == EXITED(2);
		EXPECT_EQ(EXITED(reached ? 2 : 1), status);
	}
	EXPECT_TRUE(refused >= least && fail_at < 100);
	ktest_note("%u allocations", refused);
}

/* R20, R45 */
KTEST(clone_of_a_process_without_memory_leaves_nothing)
{
	fail_each(child_failing, 16);
}

KTEST(clone_of_a_thread_without_memory_leaves_nothing)
{
	fail_each(thread_failing, 7);
}

#endif
