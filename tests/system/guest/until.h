/* SPDX-License-Identifier: MIT */
/* Waits for what others do, for as long as the runner lets the machine run. */
#pragma once

#include "abi/faultline.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define LOOKS_TOLD  10000
#define USEC_A_LOOK 10000

/*
 * What never comes is a hang, so a long wait says for what. What comes soon is seen soon, and what
 * takes seconds of a machine that is idle is not looked for all that time.
 */
static inline void until_next_look(const char *what, unsigned long *looks)
{
	usleep(*looks < 10 ? USEC_A_LOOK / 10 : USEC_A_LOOK);
	if (++*looks % LOOKS_TOLD == 0)
		fprintf(stderr, "waits still: %s\n", what);
}

/* Returns when `holds` is true. */
#define UNTIL(what, holds)                        \
	for (unsigned long looks_ = 0; !(holds);) \
	until_next_look(what, &looks_)

/* How many there are, zombies included. */
static inline unsigned count_processes(void)
{
	struct faultline_process one = { .pid = 0 };
	unsigned n = 0;

	while (syscall(SYS_faultline, FAULTLINE_PROCESSES, one.pid, &one, sizeof(one), 0) == 1)
		n++;
	return n;
}

/* Does nothing run or wait for a lock but the caller, and nothing end? At most `most` processes may be there. */
static inline bool only_caller_runs(unsigned most)
{
	struct faultline_process one = { .pid = 0 };
	pid_t self = getpid();
	unsigned n = 0;

	while (syscall(SYS_faultline, FAULTLINE_PROCESSES, one.pid, &one, sizeof(one), 0) == 1)
		if (++n > most || (one.pid != self && one.state != FAULTLINE_SLEEPING &&
				   one.state != FAULTLINE_STOPPED))
			return false;
	return true;
}
