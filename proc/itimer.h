/* SPDX-License-Identifier: MIT */
/* The alarms of a process: setitimer's timers, of real time and of the time that it runs. */
#pragma once

#include "base/timerq.h"

struct process;
struct abi_itimerval;

#define ITIMER_COUNT 3 /* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */

struct itimer {
	/* const: */
	unsigned which;
	/* private to the process and its timer: */
	struct timer timer;
	uint64_t at_ns;	      /* when it goes off, by its own clock; 0: never */
	uint64_t interval_ns; /* 0: once */
};

struct itimers {
	unsigned due; /* atomic, a bit each: it has gone off, and the signal is to be sent */
	struct itimer of[ITIMER_COUNT];
};

void itimers_init(struct itimers *itimers);
/* Never again. => the running process, at its end */
void itimers_stop(struct itimers *itimers);

/* What is left, more than nothing where it is running, and the interval. => the running process */
void itimer_get(struct process *process, unsigned which, struct abi_itimerval *ret);
/*
 * Sets it; what was left before goes to *old_ret. Where that is more than nothing, the alarm that was set before does
 * not come any more. => the running process; the values are in range
 */
void itimer_set(struct process *process, unsigned which, const struct abi_itimerval *value,
		struct abi_itimerval *old_ret);

/* Sends the signals of timers that have gone off since. => the running process */
void itimers_take(struct process *process);
