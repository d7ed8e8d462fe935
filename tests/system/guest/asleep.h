/* SPDX-License-Identifier: MIT */
/* Waits until other processes wait, so that what comes next comes while they do. */
#pragma once

#include "abi/faultline.h"
#include "until.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

/* How often a process has waited. */
static inline unsigned long waits_of(pid_t pid)
{
	char path[32], line[200];
	unsigned long n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		(void)sscanf(line, "voluntary_ctxt_switches: %lu", &n);
	if (file)
		fclose(file);
	return n;
}

/*
 * Does it wait for an event? A process that is stopped or has ended does not run either. One that waits
 * for a lock of the kernel is soon awake again.
 */
static inline bool is_asleep(pid_t pid)
{
	struct faultline_process process = { .state = FAULTLINE_ALIVE };

	return syscall(SYS_faultline, FAULTLINE_PROCESS, pid, &process, sizeof(process), 0) != 1 ||
	       (process.state != FAULTLINE_ALIVE && process.state != FAULTLINE_EXITING &&
		process.state != FAULTLINE_LOCKED_OUT);
}

static inline bool are_asleep(const pid_t *pids, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!is_asleep(pids[i]))
			return false;
	return true;
}

/* Returns when all of them sleep. */
static inline void until_asleep(const pid_t *pids, unsigned n)
{
	UNTIL("who is to sleep", are_asleep(pids, n));
}
