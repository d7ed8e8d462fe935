/* SPDX-License-Identifier: MIT */
/* vfork, and clones and execs that run out of memory at each of their allocations. */
#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "arch/context.h"
#include "linux/process/end_watch.h"
#include "linux/process/exec.h"
#include "linux/process/fork.h"
#include "linux/process/inspect.h"
#include "linux/process/reap.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/object/object.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"
#include "linux/process/thread_id.h"

/* The running process, in kernel mode, has a user frame for its children to begin with. */
static void begin_parent(const struct program *program)
{
	EXPECT_EQ(0, program_load(program));
	arch_frame_start(arch_thread_frame(arch_this_thread()), CODE_AT, 0);
}

static int vfork_and_look(void *arg)
{
	struct clone_request request = { .flags = CLONE_VM | CLONE_VFORK | SIGCHLD };
	struct uspace *mine = current_process()->uspace;
	struct usage usage;
	int status = 0;
	long pid;

	begin_parent(arg);
	pid = process_clone(&request);
	EXPECT_TRUE(pid > 0);
	/* It came back when the child had left its memory, which was not copied. */
	EXPECT_EQ(1, refcount_read(&mine->refs));
	EXPECT_EQ(8, space_load(mine, DATA_AT));
	EXPECT_EQ(0, kind_count(mine, FAULT_COW));
	EXPECT_EQ(pid, process_wait((int)pid, 0, &status, &usage));
	EXPECT_EQ(EXITED(9), status);
	return 0;
}

PROGRAM(stores_and_exits, LUI(T0, DATA_PAGES), LI(A1, 8), SD(A1, 0, T0), EXIT(9));

/* The parent of a vfork sleeps until the child, which has the very same memory, ends */
KTEST(vfork_parent_waits_and_shares)
{
	EXPECT_EQ(EXITED(0), ktest_run(vfork_and_look, (void *)&stores_and_exits));
}

PROGRAM(loops, LOOP);

static int vfork_child;

static int vfork_until_killed(void *arg)
{
	struct clone_request request = { .flags = CLONE_VM | CLONE_VFORK | SIGCHLD };

	begin_parent(arg);
	vfork_child = (int)process_clone(&request);
	return current_killed() ? 3 : 4;
}

/* Killed while it waits: it ends, and the child, which goes on, does not tell it any more */
KTEST(vfork_parent_that_is_killed_waits_no_longer)
{
	int parent = ktest_spawn(vfork_until_killed, (void *)&loops);
	struct faultline_process child = { 0 };

	ASSERT_TRUE(parent > 0);
	while (!inspect_next_process(parent, &child) || child.parent != parent)
		sched_yield();
	EXPECT_EQ(0, process_kill(parent, SIGKILL));
	EXPECT_EQ(EXITED(3), ktest_reap(parent));
	EXPECT_EQ(child.pid, vfork_child);
	EXPECT_EQ(0, process_kill(child.pid, SIGKILL));
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(child.pid));
}

/* R153: the id of a pidfd names no other process of that pid */
KTEST_IN_PROCESS(pidfd_of_an_earlier_process_of_that_pid)
{
	const struct signal_info kill = { .sig = SIGKILL };
	struct end_watch *watch;
	struct thread_id *id;

	ASSERT_TRUE(end_watch_find(current_process()->pid, false, &watch) == 0);
	id = &watch->id;
	EXPECT_EQ(END_TO_COME, end_watch_look(watch));
	id->process.birth--;
	EXPECT_EQ(END_GONE, end_watch_look(watch));
	EXPECT_EQ(-ESRCH, signal_send_id(id, SIGNAL_TO_PROCESS, &kill));
	EXPECT_EQ(-ESRCH, signal_send_id(id, SIGNAL_TO_THREAD, &kill));
	EXPECT_EQ(-ESRCH, signal_send_id(id, SIGNAL_TO_GROUP, &kill));
	id->process.birth++;
	EXPECT_EQ(END_TO_COME, end_watch_look(watch));
	end_watch_put(watch);
}

static int ends_with_4(void *arg)
{
	(void)arg;
	return 4;
}

/* R153: the same for waitid */
KTEST_IN_PROCESS(pidfd_waits_for_no_later_child_of_that_pid)
{
	int pid = ktest_spawn(ends_with_4, NULL);
	struct wait_for wanted = { .pid = pid, .group = WAIT_ANY, .options = WEXITED };
	struct child_event event;
	struct end_watch *watch;

	ASSERT_TRUE(pid > 0 && end_watch_find(pid, false, &watch) == 0);
	wanted.birth = watch->id.process.birth - 1;
	EXPECT_EQ(-ECHILD, process_wait_for(&wanted, &event));
	wanted.birth++;
	EXPECT_EQ(pid, process_wait_for(&wanted, &event));
	EXPECT_EQ(END_GONE, end_watch_look(watch));
	end_watch_put(watch);
}

#ifdef FAULTLINE_HARDENED

PROGRAM(exits_with_9, EXIT(9));

static unsigned fail_at;

/* A clone with its allocation number fail_at failing: 1: it is made all the same; 2: refused */
static int clone_failing(void *arg)
{
	struct clone_request request = { .flags = CLONE_PIDFD | SIGCHLD, .pidfd = DATA_AT };
	struct usage usage;
	int status = 0;
	long pid;

	begin_parent(arg);
	alloc_fail_at = fail_at;
	pid = process_clone(&request);
	if (pid < 0) {
		/* Where the policy was asked it has ended who is left: this one. EFAULT: the pidfd's number needs a page. */
		EXPECT_TRUE(pid == -ENOMEM || pid == -ENFILE || pid == -EFAULT ||
			    (pid == -EINTR && current_killed()));
		EXPECT_EQ(-ECHILD, process_wait(-1, 0, &status, &usage));
		return 2;
	}
	EXPECT_EQ(pid, process_wait(-1, 0, &status, &usage));
	EXPECT_EQ(EXITED(9), status);
	return 1;
}

/* R20, R45: each allocation of a clone fails in turn, until one goes through untouched */
KTEST(clone_without_memory_fails_and_leaves_nothing)
{
	unsigned refused = 0;

	for (fail_at = 1; fail_at < 100; fail_at++) {
		int status = ktest_run(clone_failing, (void *)&exits_with_9);
		bool reached = alloc_fail_at == 0;

		alloc_fail_at = 0;
		refused += status == EXITED(2);
		EXPECT_TRUE(status == EXITED(1) || status == EXITED(2));
		if (!reached)
			break;
	}
	EXPECT_TRUE(refused > 8 && fail_at < 100);
}

/*
 * Forks; the child stores and exits; the parent waits, its status being stored; exits with the
 * child's
 */
PROGRAM(forks, LI(A0, 17), LI(A1, 0), LI(A2, 0), LI(A3, 0), LI(A4, 0), CALL(220),
	LUI(T0, DATA_PAGES), SKIP_IF_ZERO(A0), 20u << 20 | 0x6fu, SD(A7, 0, T0), EXIT(5),
	/* the parent */
	LI(A0, -1), LUI(A1, DATA_PAGES), ADDI(A1, A1, 8), LI(A2, 0), LI(A3, 0), CALL(260),
	LUI(T0, DATA_PAGES), LBU(A0, 9, T0), EXIT_A0);

static int exec_main(void *arg)
{
	struct exec_args args;
	int err;

	exec_args_init(&args, "/image", RLIM_INFINITY);
	err = exec_args_add(&args, "image", false);
	if (!err)
		err = exec_image(arg, "/image", &args);
	exec_args_destroy(&args);
	if (current_killed())
		ktest_enter(0, 0); /* it ends on the way */
	if (err)
		return -err;
	arch_enter_user();
}

/*
 * Runs that program once with allocation number `at` failing. Returns false if it made fewer
 * allocations.
 */
static int traced_main(void *image)
{
	return ptrace_traceme() ? 9 : exec_main(image);
}

/* Its child runs the image, and is traced with all that comes of it. */
static int tracer_main(void *image)
{
	const uint64_t options = 1u << PTRACE_EVENT_FORK | 1u << PTRACE_EVENT_EXIT;
	struct usage usage;
	int status;
	long tid;

	if (ktest_spawn(traced_main, image) < 0)
		return 7;
	while ((tid = process_wait(-1, __WALL, &status, &usage)) > 0) {
		if (WIFSTOPPED(status)) {
			(void)ptrace_set_options((int)tid, options);
			(void)ptrace_resume((int)tid, 0, true);
		}
	}
	return 5;
}

static bool live_failing_at(int (*live)(void *image), struct object *image, unsigned at)
{
	bool failed;
	int status;

	alloc_fail_at = at;
	status = ktest_run(live, image);
	failed = alloc_fail_at == 0;
	alloc_fail_at = 0;
	/* An error of exec or clone, a wait without a child, or the policy's kill: nothing else. */
	if (WIFSIGNALED(status))
		EXPECT_EQ(SIGKILL, WTERMSIG(status));
	return failed;
}

static void live_without_memory(int (*live)(void *image))
{
	struct object *image = program_image(&forks, 1);
	unsigned at = 1;
	size_t before;

	ASSERT_TRUE(image);
	EXPECT_EQ(EXITED(5), ktest_run(live, image));
	kthread_reap();
	mm_trim();
	before = page_alloc_free_count();
	for (; at < 200 && live_failing_at(live, image, at); at++) {
		ktest_settle(); /* an orphan may still be about to end */
		mm_trim();
		EXPECT_EQ(before, page_alloc_free_count());
	}
	EXPECT_TRUE(at > 30 && at < 200);
	ktest_note("%u allocations in all", at - 1);
	object_put(image);
	EXPECT_EQ(0, ledger_check(NULL));
}

/* R45, R43, R44: every allocation in the life of a program and its child fails in turn */
KTEST(program_survives_or_dies_cleanly_wherever_memory_ends)
{
	live_without_memory(exec_main);
}

/* Every allocation in the life of a program that is traced fails in turn */
KTEST(tracee_survives_or_dies_cleanly_wherever_memory_ends)
{
	live_without_memory(tracer_main);
}

#endif
