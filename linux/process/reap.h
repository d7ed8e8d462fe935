/* SPDX-License-Identifier: MIT */
/* Waiting for children that have ended, stopped or continued: wait4 and waitid. */
#pragma once

#include "lib/types.h"
#include "linux/process/usage.h"

#define WAIT_ANY (-1)

/* Which children and events (W* of abi/wait.h); with WNOWAIT an event can be waited for again. */
struct wait_for {
	int pid;	/* or WAIT_ANY */
	uint64_t birth; /* of that pid; 0: whichever process has it */
	int group;	/* or WAIT_ANY */
	unsigned options;
	bool usage; /* that of a process that has not ended, too: it takes longer to count */
};

struct child_event {
	int pid;
	uint32_t uid; /* its real user */
	int status;   /* as wait4 packs it */
	bool trapped; /* it is stopped for its tracer */
	struct usage
		usage; /* of its process, with that of children that have been waited for; else 0 */
};

/*
 * Waits for an event of a child. Returns the child's pid, 0 (with WNOHANG, if there is no event
 * yet), -ECHILD or -EINTR. A child that has ended is reaped, except with WNOWAIT.
 */
long process_wait_for(const struct wait_for *wanted, struct child_event *event);

/*
 * wait4(2): waits for a child to end, with WUNTRACED also to stop, and with WCONTINUED also to
 * continue. pid > 0 means that child; -1 any child; 0 a child in the caller's process group; pid <
 * -1 a child in process group -pid. Returns the child's pid, 0 (with WNOHANG, if there is no event
 * yet), -ECHILD, -EINTR, -EINVAL or -ESRCH. The results are stored only if a pid is returned. A
 * child that has ended is then reaped; its usage includes its children's.
 */
long process_wait(int pid, unsigned options, int *status_ret, struct usage *usage_ret);
