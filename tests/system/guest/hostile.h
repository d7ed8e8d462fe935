/* SPDX-License-Identifier: MIT */
/* What the parts of the hostile program share: chance, addresses, calls, acts, and what is counted. */
#pragma once

#include "../../user/t.h"

#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "abi/faultline.h"

#define CHILDREN     4
#define NUMBERS	     512 /* of system calls; the last stands for all beyond */
#define ACTS_MAX     19
#define HANDLERS_MAX 48	  /* in one process: then it ends */
#define CALLS_MAX    4096 /* the same: the counter of a loop may be spoiled */

/* Memory of all kinds at places that are known: see make_region(). */
#define REGION	     ((char *)0x2000000000)
#define REGION_PAGES 64
#define SHARED_FILE  (REGION + 24 * PAGE) /* 8 pages of a memfd that is cut off and made longer */
#define READ_ONLY    (REGION + 32 * PAGE)
#define FORBIDDEN    (REGION + 48 * PAGE)
#define HOLE	     (REGION + REGION_PAGES * PAGE)
#define GROWING	     ((char *)0x2100000000) /* the page is there, those below it may become so */
#define STACK	     ((char *)0x2200000000) /* a good alternate one */
#define STACK_SIZE   (16 * PAGE)
#define FRAMES	     ((char *)0x2300000000) /* for frames made by hand; holes on both sides */
#define FRAMES_SIZE  (4 * PAGE)
#define TALLY	     0x1f00000000 /* as assembly reads it: see hostile_count.c */

/* A handler's frame: siginfo, ucontext up to the registers, registers and extensions. */
#define FRAME_INFO  128
#define FRAME_PC    (128 + 176)
#define FRAME_FCSR  (FRAME_PC + 512)
#define FRAME_WORDS (FRAME_PC + 256 + 516) /* three that must be zero */
#define FRAME_SIZE  (FRAME_PC + 256 + 528)

/* ---- hostile_count.c: what all of them have done ---- */

enum {
	STEPS_BEGUN,
	PROCESSES,
	HANDLERS,
	RESUMED,
	PROGRESS, /* of each child */
	ACTS = PROGRESS + CHILDREN,
	CALLS_DONE = ACTS + ACTS_MAX, /* of each number */
	CALLS_FAILED = CALLS_DONE + NUMBERS,
	COUNTERS = CALLS_FAILED + NUMBERS
};

void counters_begin(void);
/* Adds one to a counter: also when it is entered with any registers, at any of its instructions. */
void count(uint64_t counter);
void count_added(void);
void count_end(void);
/* Whether this is an instruction of count(). */
bool is_counting(uint64_t pc);
/* Where who is interrupted there goes on: with other registers than the return address and a0. */
uint64_t count_again(uint64_t pc);
uint64_t counted(unsigned counter);
/* Says which counters are above what the kernel says of all calls since the beginning; returns how many. */
unsigned impossible_counters(void);

/* ---- hostile_chance.c: numbers, addresses and structures at random ---- */

void chance_begin(uint64_t seed);
uint64_t chance(void);
uint64_t below(uint64_t n);
#define ONE_IN(n)     (below(n) == 0)
#define ONE_OF(array) ((array)[below(sizeof(array) / sizeof((array)[0]))])

uint64_t some_address(void);
uint64_t some_length(void);
uint64_t some_number(void);
void fill_at_random(void *at, size_t n);

/* Says which of the names that calls are given lead to where the judge writes; returns how many. */
unsigned names_of_output(void);
/* Removes all message queues that arguments name. */
void remove_queues(void);

/* An argument of this kind, one letter: see the table in hostile_calls.c. */
uint64_t argument(char kind);

/* ---- hostile_calls.c ---- */

extern pid_t supervisor;
extern unsigned me;	/* which of the children */
extern unsigned called; /* calls of this process */

/* A system call as the kernel answers it, counted; nothing is held back. */
long call(long nr, const uint64_t arg[6]);
/* Counts one that was made otherwise. */
void count_call(long nr, long result);
void random_call(void);
void random_calls(unsigned n);
void remember(long pid);
uint64_t some_pid(void);
/* Each call has been made: a line each. */
void tell_calls(void);

static inline long call3(long nr, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t arg[6] = { a, b, c };

	return call(nr, arg);
}

/* ---- hostile_signals.c ---- */

/* Handlers for all that can be handled, on a good stack. */
void handlers_begin(void);
/* The address that handlers are entered at. */
void handler_entry(int sig);
void act_odd_stack(void);
void act_odd_sp(void);
void act_frame(void);
void act_cut_stack(void);

/* ---- hostile_acts.c ---- */

extern uint64_t shared_fd; /* of SHARED_FILE */
extern unsigned steps_left;

void make_region(void);
/* In the child of a fork: it goes on, for a while. */
void forked(void);
void random_act(void);
void tell_acts(void);

/* ---- hostile_ipc.c ---- */

/* A call of endpoints, with any arguments. */
void random_ipc(void);
void act_endpoint(void);
void act_server(void);
void act_driver(void);
void act_served(void);
/* What the first mount of a server leaves for good is there afterwards. */
void ipc_make_ready(void);

/* ---- hostile_sockets.c ---- */

void act_sockets(void);
/*
 * Starts a server of sockets in place of that of process 1, which stays as it is. It ends with all others, and so what it has
 * does not count.
 */
void sockets_begin(void);

/* ---- hostile_tree.c ---- */

/* Remembers which names and mounts there are, and later removes all others. */
void tree_remember(void);
void tree_clean(void);
