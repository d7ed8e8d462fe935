/* SPDX-License-Identifier: MIT */
/* The interval timers of a process (setitimer): of real time and of its running time. */
#pragma once

#include "base/timerq.h"

struct process;
struct abi_itimerval;

#define ITIMER_COUNT 3 /* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */

struct itimer {
	/* const: */
	unsigned which;
	/* private to the process and its timer interrupt: */
	struct timer timer;
	uint64_t at_ns;	      /* when it expires, by its own clock; 0: not set */
	uint64_t interval_ns; /* 0: expires once */
};

struct itimers {
	unsigned due; /* atomic, one bit each: expired, but the signal has not been sent */
	struct itimer of[ITIMER_COUNT];
};

void itimers_init(struct itimers *itimers);
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
