/* SPDX-License-Identifier: MIT */
/* Calls and scenarios of fail_nth: what is tried with one allocation failing. */
#pragma once

#include "../../user/t.h"

#include <stdbool.h>

#include "abi/faultline.h"
#include "ecall.h"
#include "until.h"

/* How a scenario may end beside well and with ENOMEM. */
#define MAY_EFAULT 1u  /* the kernel copies to or from memory that is not there yet */
#define MAY_ENOSPC 2u  /* it writes files */
#define MAY_DIE	   4u  /* by SIGKILL where nobody has memory to give: it touches memory itself */
#define MAY_ABORT  8u  /* the C library gives up */
#define MAY_ENOLCK 16u /* it locks files */

struct scenario {
	const char *name;
	long (*op)(void);	/* 0 or more: done, and nothing is left of it; negative errno */
	void (*prepare)(void);	/* in the process that will run it; may be NULL */
	void (*clean_up)(void); /* afterwards, by another; may be NULL */
	unsigned may;
};

extern const struct scenario memory_scenarios[], file_scenarios[], process_scenarios[],
	sysv_scenarios[], socket_scenarios[], pty_scenarios[];

/* The page that tester and children share until one of them writes to it. */
extern volatile char *common_page;
extern char self_path[];

/* The linker's: where the program's own memory that is written begins and ends. */
extern char __data_start[], end[];

/* How a trial ends. */
enum {
	NOT_REACHED,
	REFUSED, /* it failed, and went well when it was done again */
	DONE_ALL_THE_SAME,
	NOT_BUILT,
	BAD
};

#define CALL(nr, a, b, c, d) call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline long fail_set(uint64_t at, unsigned policy)
{
	return call6(SYS_faultline, FAULTLINE_FAIL, policy, 0, 0, (long)at, 0);
}

/* The last part of the scenario "start", in the new image; `which`: the how manyth try it is. */
int live(const char *which);
