/* SPDX-License-Identifier: MIT */
/* Waiting for children that have ended, stopped or gone on: wait4 and waitid. */
#pragma once

#include "lib/types.h"
#include "proc/usage.h"

#define WAIT_ANY (-1)

/* Whose news are waited for, and which (W* of abi/wait.h; WNOWAIT: they stay as they are). */
struct wait_for {
	int pid;   /* or WAIT_ANY */
	int group; /* or WAIT_ANY */
	unsigned options;
};

struct child_event {
	int pid;
	int status;	    /* as wait4 packs it */
	struct usage usage; /* of one that ended, its children's included; else all zero */
};

/* Waits for news: the pid, 0 (WNOHANG and there are none), -ECHILD, -EINTR. One that ended is gone then but with WNOWAIT. */
long process_wait_for(const struct wait_for *wanted, struct child_event *news);

/*
 * wait4(2): waits for a child that ended (WUNTRACED: or stopped; WCONTINUED: or went on): its pid, 0 (WNOHANG and none has), -ECHILD, -EINTR,
 * -EINVAL, -ESRCH. pid > 0: that one; -1: any; 0: of the caller's group; below: of the group -pid. The results are written only where a pid is returned; a child that ended is gone then. Its usage
 * includes its children's.
 */
long process_wait(int pid, unsigned options, int *status_ret, struct usage *usage_ret);
