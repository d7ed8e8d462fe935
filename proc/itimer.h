/* SPDX-License-Identifier: MIT */
/* The interval timers of a process (setitimer): of real time and of its running time. */
#pragma once

#include "base/timerq.h"
#include "sync/spinlock.h"

struct process;
struct thread;
struct abi_itimerval;

#define ITIMER_COUNT 3 /* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */

struct itimer {
	/* const: */
	unsigned which;
	struct timer timer;
	/* guarded by the signals' lock of the process: */
	uint64_t at_ns;	      /* when it expires, by its own clock; 0: not set */
	uint64_t interval_ns; /* 0: expires once */
};

struct itimers {
	unsigned due; /* atomic, one bit each: to be looked at by a thread of the process */
	struct itimer of[ITIMER_COUNT];
	struct spinlock looker_lock; /* interrupts off */
	struct thread *looker;	     /* guarded by looker_lock: does so when a timer goes off */
};

void itimers_init(struct itimers *itimers);
/*
 * The thread begins to end: another looks at timers that go off. Call with the signals' lock held,
 * while another has not begun to end.
 */
void itimers_leave(struct process *process, const struct thread *thread);
/* Cancels all timers. Call for the running process, when it ends. */
void itimers_stop(struct itimers *itimers);

/* Returns the interval and the time left, more than 0 if set. Call for the running process. */
void itimer_get(struct process *process, unsigned which, struct abi_itimerval *ret);
/*
 * Sets the timer and stores its former value in *old_ret. If that is more than 0, the former timer
 * does not expire any more. The values must be in range. Call for the running process.
 */
void itimer_set(struct process *process, unsigned which, const struct abi_itimerval *value,
		struct abi_itimerval *old_ret);

/* Sends the signals of timers that have expired. Call for the running process. */
void itimers_take(struct process *process);
