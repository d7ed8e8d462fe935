/* SPDX-License-Identifier: MIT */
/* Signals as processes see them: defaults, those to all and to process 1, and a timer's that was stopped. */
#include "abi/errno.h"
#include "abi/sched.h"
#include "abi/time.h"
#include "arch/context.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "linux/process/fork.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/arrive.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "linux/signal/wait.h"
#include "linux/time/ptimer.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"

KTEST(proc_signal_defaults_are_linux_ones)
{
	static const struct {
		int sig;
		enum signal_default action;
	} some[] = {
		{ SIGHUP, SIGNAL_TERMINATE },  { SIGKILL, SIGNAL_TERMINATE },
		{ SIGPIPE, SIGNAL_TERMINATE }, { SIGSEGV, SIGNAL_CORE },
		{ SIGSYS, SIGNAL_CORE },       { SIGCHLD, SIGNAL_IGNORE },
		{ SIGWINCH, SIGNAL_IGNORE },   { SIGSTOP, SIGNAL_STOP },
		{ SIGCONT, SIGNAL_CONTINUE },  { SIGUSR1, SIGNAL_TERMINATE },
		{ 34, SIGNAL_TERMINATE },      { NSIG, SIGNAL_TERMINATE },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(some); i++)
		EXPECT_EQ(some[i].action, signal_default(some[i].sig));
}

static struct waitq for_ever = WAITQ_INIT(for_ever);

static int sleep_for_ever(void *arg)
{
	int err = thread_wait(&for_ever, waitq_sample(&for_ever));

	return err == -EINTR ? 1 : 2;
}

/* The machine's end: to all but process 1. */
KTEST(proc_signal_to_all_ends_every_wait)
{
	int first = ktest_spawn(sleep_for_ever, NULL), second = ktest_spawn(sleep_for_ever, NULL);

	ASSERT_TRUE(first > 0 && second > 0);
	ktest_settle();
	process_kill(-1, SIGKILL);
	EXPECT_EQ(EXITED(1), ktest_reap(first));
	EXPECT_EQ(EXITED(1), ktest_reap(second));
	EXPECT_TRUE(!thread_killed(process_init_get()->leader));
}

/* What is ignored is not kept, either: who takes signals later does not find it. */
static int ignore_by_default(void *arg)
{
	static const int harmless[] = { SIGCHLD, SIGURG,  SIGWINCH, SIGCONT,
					SIGSTOP, SIGTSTP, SIGTTIN };

	for (unsigned i = 0; i < ARRAY_SIZE(harmless); i++) {
		signal_send(current_process(), harmless[i]);
		EXPECT_EQ(signal_default(harmless[i]) == SIGNAL_STOP,
			  signal_any_pending(SIGNAL_BIT(harmless[i])));
	}
	return current_killed();
}

KTEST(proc_harmless_signals_do_nothing)
{
	EXPECT_EQ(EXITED(0), ktest_run(ignore_by_default, NULL));
}

/* Process 1 takes what it has not asked for and goes on. */
KTEST(proc_signals_to_process_1_are_dropped)
{
	EXPECT_EQ(0, process_kill(PID_INIT, SIGKILL));
	EXPECT_EQ(0, process_kill(PID_INIT, SIGTERM));
	EXPECT_TRUE(!thread_killed(process_init_get()->leader));
	EXPECT_EQ(-EINVAL, process_kill(PID_INIT, NSIG + 1));
	EXPECT_EQ(-EINVAL, process_kill(PID_INIT, -1));
	EXPECT_EQ(-ESRCH, process_kill(PID_MAX, SIGTERM));
	EXPECT_EQ(-ESRCH, process_kill(-77, SIGTERM));
}

/* An alarm that goes off on the way into the call that stops it, which says that it was in time. */
KTEST_IN_PROCESS(itimer_that_was_stopped_in_time_stays_silent)
{
	const struct timer_spec soon = { .value = 20000 }, never = { 0 };
	const uint64_t all = ~0ull, give_up = arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC);
	struct process *self = current_process();
	struct timer_spec old;
	uint64_t mask;

	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &all, &mask));
	itimer_set(ITIMER_REAL, &soon, &old);
	EXPECT_EQ(0, old.value);
	while (!atomic_load(&linux_process(self)->timers.any_due) && arch_time() < give_up)
		;
	EXPECT_EQ(1, atomic_load(&linux_process(self)->timers.any_due));
	itimer_set(ITIMER_REAL, &never, &old);
	EXPECT_EQ(1000, old.value);
	ptimers_take(&linux_process(self)->timers);
	EXPECT_EQ(0, signal_pending_set());
	itimer_set(ITIMER_REAL, &never, &old);
	EXPECT_EQ(0, old.value);
}

/* One that has gone off on the way to the end of its process does not begin anew. */
KTEST_IN_PROCESS(itimer_that_went_off_stops_with_its_process)
{
	const struct timer_spec often = { .interval = 20000, .value = 20000 };
	const uint64_t all = ~0ull, give_up = arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC);
	struct process *self = current_process();
	struct timer_spec old;
	uint64_t mask;

	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &all, &mask));
	itimer_set(ITIMER_REAL, &often, &old);
	while (!atomic_load(&linux_process(self)->timers.any_due) && arch_time() < give_up)
		;
	EXPECT_EQ(1, atomic_load(&linux_process(self)->timers.any_due));
	ptimers_exit();
	ptimers_take(&linux_process(self)->timers);
	EXPECT_EQ(0, signal_pending_set());
}

/* ---- a signal that is discarded while it is taken ---- */

#ifdef FAULTLINE_HARDENED

#define POINTS 12 /* at which SIGCONT comes; a wait has fewer */

static unsigned points_left;
static bool was_pending;

/* Another process sends SIGCONT where a lock of signals was released. */
static void continue_at_a_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	struct process *process = current_process();

	if (kind != INTERLEAVE_UNLOCK || class != LOCK_PROCESS || !process || --points_left)
		return;
	interleave_hook = NULL;
	was_pending = linux_process(process)->signals.shared.set & SIGNAL_BIT(SIGTSTP);
	EXPECT_EQ(0, process_kill(process->pid, SIGCONT));
}

/* SIGCONT discards the signals that stop: rt_sigtimedwait returns none of them after that. */
KTEST_IN_PROCESS_ALONE(proc_signal_wait_returns_nothing_that_was_discarded)
{
	const uint64_t set = SIGNAL_BIT(SIGTSTP);
	uint64_t old;

	signal_mask(SIG_BLOCK, &set, &old);
	for (unsigned point = 1; point <= POINTS; point++) {
		struct signal_info info;
		int sig;

		EXPECT_EQ(0, process_kill(current_process()->pid, SIGTSTP));
		was_pending = false;
		points_left = point;
		interleave_hook = continue_at_a_point;
		sig = signal_wait(set, 0, &info);
		interleave_hook = NULL;
		EXPECT_EQ(was_pending ? -EAGAIN : SIGTSTP, sig);
	}
}

/* ---- a timer goes off when all threads have begun to end (R153) ---- */

PROGRAM(loops, LOOP);

static struct thread *first;

/* It has begun to end, and goes on as the only one that is left: the other, which was the last to begin, may be freed. */
static void end_last(enum interleave_kind kind, enum lock_class class, void *what)
{
	const uint64_t give_up = arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC);
	const struct timer_spec soon = { .value = 20000 };
	struct process *process = current_process();
	struct timer_spec old;

	if (kind != INTERLEAVE_UNLOCK || class != LOCK_PROCESS_TREE || current_thread() != first ||
	    !task_of(first)->signals.exiting)
		return;
	interleave_hook = NULL;
	while (atomic_load(&process->nlive) > 1)
		sched_yield();
	EXPECT_TRUE(!linux_process(process)->timers.looker);
	itimer_set(ITIMER_REAL, &soon, &old);
	while (!atomic_load(&linux_process(process)->timers.any_due) && arch_time() < give_up)
		sched_yield();
	EXPECT_EQ(1, atomic_load(&linux_process(process)->timers.any_due));
}

static int ends_before_another(void *unused)
{
	struct clone_request request = { .flags = CLONE_VM | CLONE_FS | CLONE_FILES |
						  CLONE_SIGHAND | CLONE_THREAD };

	EXPECT_EQ(0, program_load(&loops));
	arch_frame_start(arch_thread_frame(arch_this_thread()), CODE_AT, 0);
	EXPECT_TRUE(process_clone(&request) > 0);
	first = current_thread();
	interleave_hook = end_last;
	return 0;
}

/* It wakes none of them. */
KTEST_ALONE(itimer_that_goes_off_when_threads_have_ended_wakes_none)
{
	EXPECT_EQ(EXITED(0), ktest_run(ends_before_another, NULL));
	EXPECT_TRUE(!interleave_hook);
	interleave_hook = NULL;
}

#endif
