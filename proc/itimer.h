/* The alarm of a process: setitimer's real-time timer. */
#pragma once

#include "base/timerq.h"

struct process;
struct abi_itimerval;

struct itimer {
	bool due; /* atomic: it has gone off, and the signal is to be sent */
	/* private to the process and its timer: */
	struct timer timer;
	uint64_t at_ns;	      /* of clock_ns(): when it goes off; 0: never */
	uint64_t interval_ns; /* 0: once */
};

void itimer_init(struct itimer *itimer);

/* What is left, at least a microsecond where it is running, and the interval. */
void itimer_get(struct process *process, struct abi_itimerval *ret);
/* => the running process; the values are in range */
void itimer_set(struct process *process, const struct abi_itimerval *value);
/* Never again. => the running process, at its end */
void itimer_stop(struct process *process);

/* Sends SIGALRM where the timer has gone off since. => the running process */
void itimer_take(struct process *process);
