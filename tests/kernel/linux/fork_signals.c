/* SPDX-License-Identifier: MIT */
/* Signals that arrive while a process forks: at any moment they reach the parent alone, or both. */
#include "abi/errno.h"
#include "abi/sched.h"
#include "abi/syscall.h"
#include "arch/irqflags.h"
#include "base/clock.h"
#include "linux/job/pgrp.h"
#include "linux/process/fork.h"
#include "linux/process/linux_process.h"
#include "linux/process/reap.h"
#include "linux/signal/kill.h"
#include "linux/signal/send.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"

/* What is there to be done first is done first: a stop, a handler. The call is made again. */
KTEST_IN_PROCESS(fork_begins_after_the_signals_that_came_before)
{
	const struct clone_request request = { .flags = SIGCHLD };

	signal_send(current_process(), SIGSTOP);
	EXPECT_EQ(-EINTR, process_clone(&request));
	EXPECT_EQ(RESTART_ALWAYS, current_thread()->restart);
	current_thread()->restart = RESTART_NONE;
	EXPECT_TRUE(list_empty(&current_process()->children));
	signal_send(current_process(), SIGCONT);
}

#ifdef FAULTLINE_HARDENED

/* clone(SIGCHLD), and both loop; with a word of the tid, so that the child's memory is written before it runs. */
PROGRAM(forks, LUI(A0, CLONE_CHILD_SETTID >> 12), ADDI(A0, A0, SIGCHLD), LI(A1, 0),
	LUI(A4, DATA_PAGES), CALL(SYS_clone), LOOP);

#define TURNS	   50
#define POINTS_MAX 2000

/* The hook acts at one of the points where another hart, or a thread that preempts this one, could. */
static struct thread *forker;
static unsigned point, act_at;
static void (*act)(int group);

static void at_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind == INTERLEAVE_MUTEX || class > LOCK_LAST_PREEMPTIBLE ||
	    current_thread() != forker || !arch_irq_enabled() ||
	    lockorder_this_hart()->depth != 0 || ++point != act_at)
		return;
	interleave_hook = NULL;
	act(current_process()->pid);
}

static int forks_under_watch(void *unused)
{
	const uint64_t usr1 = SIGNAL_BIT(SIGUSR1);
	uint64_t old;

	EXPECT_EQ(0, program_load(&forks));
	EXPECT_EQ(0, pgrp_set(0, 0));
	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &usr1, &old));
	forker = current_thread();
	point = 0;
	interleave_hook = at_point;
	ktest_enter(CODE_AT, 0);
}

struct state {
	bool child; /* there is one */
	bool parent_stopped, child_stopped;
	bool child_usr1; /* blocked, and pending */
};

static struct state look(int pid)
{
	struct state state = { 0 };
	struct process *parent, *child;

	spin_lock(&process_tree_lock);
	parent = process_find(pid);
	if (parent) {
		state.parent_stopped = atomic_load(&linux_process(parent)->signals.stopped) != 0;
		list_for_each_entry(child, &parent->children, sibling) {
			state.child = true;
			state.child_stopped = atomic_load(&linux_process(child)->signals.stopped) !=
					      0;
			state.child_usr1 = linux_process(child)->signals.shared.set &
					   SIGNAL_BIT(SIGUSR1);
		}
	}
	spin_unlock(&process_tree_lock);
	return state;
}

/* The parent has forked, or stopped before that, and the child has had its turns. */
static struct state fork_with(int *pid_ret)
{
	/* Where nothing stops them they loop through all of their turns. */
	uint64_t slice = sched_slice_set(clock_ns_to_ticks(NSEC_PER_SEC / 1000));
	struct state state = { 0 };
	int pid = ktest_spawn(forks_under_watch, NULL);

	*pid_ret = pid;
	EXPECT_TRUE(pid > 0);
	for (unsigned i = 0; i < TURNS && pid > 0; i++) {
		sched_yield();
		state = look(pid);
		if (state.parent_stopped && (!state.child || state.child_stopped))
			break;
	}
	interleave_hook = NULL;
	(void)sched_slice_set(slice);
	return state;
}

static void end_group(int pid)
{
	(void)process_kill(-pid, SIGKILL);
	EXPECT_EQ(KILLED(SIGKILL), ktest_reap(pid));
	while (process_kill(-pid, 0) != -ESRCH)
		sched_yield();
}

static void stop_group(int group)
{
	EXPECT_EQ(0, process_kill(-group, SIGUSR1));
	EXPECT_EQ(0, process_kill(-group, SIGCONT));
	EXPECT_EQ(0, process_kill(-group, SIGSTOP));
}

/* Nobody of a group that was stopped runs on, wherever in the fork the stop came. */
KTEST_ALONE(fork_in_a_group_that_is_stopped_stops_the_child)
{
	unsigned children = 0, before = 0, usr1 = 0;

	act = stop_group;
	for (act_at = 1; act_at < POINTS_MAX; act_at++) {
		struct state state;
		int pid;

		state = fork_with(&pid);
		if (point < act_at) {
			end_group(pid);
			break;
		}
		EXPECT_TRUE(state.parent_stopped);
		EXPECT_TRUE(!state.child || state.child_stopped);
		children += state.child;
		before += !state.child;
		usr1 += state.child_usr1;
		end_group(pid);
	}
	ktest_note("stops at %u points: %u before the fork, %u with a child, SIGUSR1 for %u",
		   act_at - 1, before, children, usr1);
	EXPECT_TRUE(act_at < POINTS_MAX);
	EXPECT_TRUE(children > 20);
	EXPECT_TRUE(usr1 > 20);
}

/* kill(-1) spares the caller, which may be the process that forks. */
static void kill_all(int group)
{
	process_kill(-1, SIGKILL);
	process_kill(group, SIGKILL);
}

/* Nobody outlives a kill of all: the child is there and killed too, or is never born. */
KTEST_ALONE(fork_while_all_are_killed_leaves_nobody)
{
	act = kill_all;
	for (act_at = 1; act_at < POINTS_MAX; act_at++) {
		struct state state;
		int pid;

		state = fork_with(&pid);
		if (point < act_at) {
			end_group(pid);
			break;
		}
		EXPECT_TRUE(!state.child);
		EXPECT_EQ(KILLED(SIGKILL), ktest_reap(pid));
		EXPECT_EQ(-ESRCH, process_kill(-pid, 0));
		(void)process_kill(-pid, SIGKILL);
	}
	ktest_note("kills at %u points", act_at - 1);
	EXPECT_TRUE(act_at < POINTS_MAX);
}

#endif
