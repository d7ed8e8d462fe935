/* SPDX-License-Identifier: MIT */
/* The faults that fork and exec count. */
#include "abi/sched.h"
#include "abi/signal.h"
#include "arch/context.h"
#include "arch/irqflags.h"
#include "linux/process/inspect.h"
#include "linux/process/reap.h"
#include "mm/object/object.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/interleave.h"
#include "sync/lockorder.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"
#include "linux/process/thread_id.h"

/*
 * a0 is 0 in the child of clone: it stores 5 to the shared page and exits with it; the parent
 * waits and adds its own
 */
PROGRAM(forks, LI(A0, 17), LI(A1, 0), LI(A2, 0), LI(A3, 0), LI(A4, 0), CALL(220),
	LUI(T0, DATA_PAGES), SKIP_IF_ZERO(A0), 20u << 20 | 0x6fu, SD(A7, 0, T0), EXIT(5),
	/* the parent */
	LI(A0, -1), LUI(A1, DATA_PAGES), ADDI(A1, A1, 8), LI(A2, 0), LI(A3, 0), CALL(260),
	LUI(T0, DATA_PAGES), LBU(A0, 9, T0), LBU(A1, 0, T0), CODE_I(0x33u, 0, A0, A0, A1), EXIT_A0);

static uint64_t child_faults;

static int count_forks(void *arg)
{
	int pid = ktest_spawn(ktest_exec_main, arg);
	struct usage usage;
	int status = 0;

	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
	child_faults = usage.minor_faults;
	return status >> 8;
}

/*
 * R125: the faults of `forks`: exec writes to the stack's last page (FILL), the first instruction
 * is fetched (FILL, but not once more by the child: fork copies the entries around where it goes on), the child stores to its
 * data (FILL), wait4 stores to the parent's (FILL).
 */
KTEST(fork_of_a_program_takes_exactly_its_faults)
{
	struct object *image = program_image(&forks, 1);

	ASSERT_TRUE(image);
	EXPECT_EQ(EXITED(5), ktest_run(count_forks, image));
	EXPECT_EQ(4, child_faults);
	object_put(image);
}

#ifdef FAULTLINE_HARDENED

PROGRAM(exits_with_9, EXIT(9));

/* ---- what others see of an exec ---- */

#define FAULTS_BEFORE 100000

static struct thread *execer;
static struct thread_id execer_id;
static uint64_t faults_seen;
static unsigned nlooks;
static bool are_fewer;

/* Looks at the process where another hart could, or a thread that preempts this one. */
static void look_at_faults(enum interleave_kind kind, enum lock_class class, void *what)
{
	struct process_facts facts;

	(void)kind, (void)what;
	if (class > LOCK_LAST_PREEMPTIBLE || current_thread() != execer || !arch_irq_enabled() ||
	    lockorder_this_hart()->depth != 0)
		return;
	interleave_hook = NULL;
	EXPECT_EQ(0, inspect_facts(&execer_id, &facts));
	are_fewer |= facts.usage.minor_faults < faults_seen;
	faults_seen = facts.usage.minor_faults;
	nlooks++;
	interleave_hook = look_at_faults;
}

static int exec_under_watch(void *image)
{
	int err;

	current_process()->uspace->space.stats.kind[FAULT_FILL] += FAULTS_BEFORE;
	EXPECT_TRUE(inspect_find(current_thread()->tid, &execer_id));
	execer = current_thread();
	faults_seen = nlooks = are_fewer = 0;
	interleave_hook = look_at_faults;
	err = ktest_exec(image);
	interleave_hook = NULL;
	EXPECT_TRUE(nlooks > 10);
	EXPECT_TRUE(!are_fewer);
	EXPECT_TRUE(faults_seen >= FAULTS_BEFORE && faults_seen < 2 * FAULTS_BEFORE);
	if (err)
		return -err;
	arch_enter_user();
}

/* The faults in the old memory are counted once: in that, or in what the process has used before. */
KTEST_ALONE(exec_counts_no_fault_twice)
{
	struct object *image = program_image(&exits_with_9, 0);

	ASSERT_TRUE(image);
	EXPECT_EQ(EXITED(9), ktest_run(exec_under_watch, image));
	object_put(image);
}

#endif
