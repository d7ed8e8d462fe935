/* SPDX-License-Identifier: MIT */
/* Calls that are preempted after each n-th of their instructions: what the files of sweeps share. */
#pragma once

#include "abi/faultline.h"
#include "ecall.h"

#include <stdint.h>
#include <sys/syscall.h>

#define JUNK   0x6a6a6a6a6a6a0000l
#define POINTS 60 /* of a sweep, where nobody says how many */

/* The length for steps of n instructions, where a bug would be hit between a few instructions only. */
#define STEPS_OF(n) ((n)*POINTS)

#define CALL(nr, ...) ecall(SYS_##nr, (const uint64_t[6]){ __VA_ARGS__ })

/* In the program itself but where it says otherwise. */
struct sweep {
	const char *name;
	void (*prepare)(void); /* before the competitor is made; may be NULL */
	void (*ready)(void);   /* after that; may be NULL */
	void (*call)(void);  /* arm(), and the call; what a child does is preempted in the child */
	void (*enter)(void); /* in the competitor, before the call; may be NULL */
	void (*compete)(void); /* in the competitor */
	void (*check)(void);   /* after both */
	/*
	 * In instructions, until it ends or waits for the competitor; 0: measured. Without a STEP, so many
	 * are swept in POINTS steps.
	 */
	long length;
	long from, to; /* the instructions that are tried; 0: from the first one, to the end */
	int by_child;
	int by_thread; /* the competitor is a thread of this process */
	int timed;  /* others run too: the competitor waits until that many instructions are over */
	long spare; /* objects that the kernel may keep: index nodes of the swap cache */
};

/* Each ends with one that has no name. */
extern const struct sweep event_sweeps[], ipc_sweeps[], job_sweeps[], lock_sweeps[], p9_sweeps[],
	slow_sweeps[], slow_thread_sweeps[], socket_sweeps[], thread_sweeps[], uio_sweeps[],
	write_sweeps[];

/* Shared with children that have memory of their own, too. */
extern volatile struct common {
	int inside; /* the call has begun and is not over */
	int over;
	int competed;
	int alive; /* the child that makes the call, at that time */
	int ready; /* the child that has the page, too; or the competitor is */
	long switches;
	long due; /* the time at which a competitor that waits for it begins */
} * common;

extern long child;
extern int child_status;

void expect(int is, const char *what, long got);
void yield(void);

/* The hart is asked for when n more instructions have been executed, give or take a tick. */
void arm(void);

/* It has not ended. */
int is_alive(long pid);

/* Waits for a child: its status. */
int reap(long pid);

/* Makes the child that is preempted, and waits for its end. */
void fork_child(void (*does)(void));

/* Uses frames that have just come free, and leaves junk in them. */
void churn(void);
