/* SPDX-License-Identifier: MIT */
/* Stops of a process that are preempted by who continues it. */
#define _GNU_SOURCE
#include "preempt_sweep.h"

#include <signal.h>
#include <stddef.h>

#define YIELDS_MAX 1000 /* until the process has ended */

static const uint64_t stop_signal = 1ul << (SIGTSTP - 1);

/* In a group of its own, which is not orphaned: its parent is in another one. */
static void stop_and_end(void)
{
	CALL(setpgid, 0, 0);
	CALL(rt_sigprocmask, SIG_BLOCK, (uint64_t)&stop_signal, 0, 8);
	CALL(kill, (uint64_t)CALL(getpid, 0), SIGTSTP);
	arm();
	CALL(rt_sigprocmask, SIG_UNBLOCK, (uint64_t)&stop_signal, 0, 8);
	CALL(exit_group, 3);
}

static void call_stop(void)
{
	fork_child(stop_and_end);
}

/* The signal that stops has been sent before: whatever has become of it, this takes it back. */
static void compete_continue(void)
{
	struct faultline_process process = { .state = FAULTLINE_ZOMBIE };

	CALL(faultline, FAULTLINE_PROCESS, (uint64_t)child, (uint64_t)&process, sizeof(process));
	if (process.state == FAULTLINE_STOPPED)
		common->alive = 0; /* it was not preempted: the call is over */
	CALL(kill, (uint64_t)child, SIGCONT);
	for (int i = 0; i < YIELDS_MAX && is_alive(child); i++)
		yield();
	expect(!is_alive(child), "a process that is stopped after SIGCONT", child);
	CALL(kill, (uint64_t)child, SIGCONT);
}

static void check_stop(void)
{
	expect(child_status == 3 << 8, "status", child_status);
}

const struct sweep job_sweeps[] = {
	{ .name = "stop",
	  .call = call_stop,
	  .compete = compete_continue,
	  .check = check_stop,
	  .length = 8000,
	  .by_child = 1 },
	{ .name = NULL },
};
