/* SPDX-License-Identifier: MIT */
/* A stop that is preempted by who continues the process, and a poll by who writes and hangs up. */
#define _GNU_SOURCE
#include "preempt_sweep.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#define YIELDS_MAX 1000 /* until the process has ended */

/* ---- a stop ---- */

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

/* ---- a poll ---- */

static int ends[2];
static struct pollfd polled;

static void prepare_poll(void)
{
	expect(CALL(pipe2, (uint64_t)ends, 0) == 0, "pipe2", 0);
	polled = (struct pollfd){ .fd = ends[0], .events = POLLIN };
}

/* The competitor has the only writer from here on. */
static void ready_poll(void)
{
	CALL(close, (uint64_t)ends[1]);
}

static void call_poll(void)
{
	arm();
	expect(CALL(ppoll, (uint64_t)&polled, 1) == 1, "ppoll", polled.revents);
}

static void compete_poll(void)
{
	expect(CALL(write, (uint64_t)ends[1], (uint64_t)&ends, 1) == 1, "write", 0);
	CALL(close, (uint64_t)ends[1]);
}

static void check_poll(void)
{
	char bytes[2];
	long got;

	expect((polled.revents & POLLIN) != 0, "an end before the last byte", polled.revents);
	got = CALL(read, (uint64_t)ends[0], (uint64_t)bytes, sizeof(bytes));
	expect(got == 1, "read", got);
	got = CALL(read, (uint64_t)ends[0], (uint64_t)bytes, sizeof(bytes));
	expect(got == 0, "read at the end", got);
	CALL(close, (uint64_t)ends[0]);
}

const struct sweep job_sweeps[] = {
	{ .name = "stop",
	  .call = call_stop,
	  .compete = compete_continue,
	  .check = check_stop,
	  .length = 8000,
	  .by_child = 1 },
	{ .name = "poll",
	  .prepare = prepare_poll,
	  .ready = ready_poll,
	  .call = call_poll,
	  .compete = compete_poll,
	  .check = check_poll,
	  .from = 1500,
	  .to = 4500,
	  .length = 1200 },
	{ .name = NULL },
};
