/* SPDX-License-Identifier: MIT */
/* Makes the Nth allocation fail, so that tests reach where memory runs out (hardened build). */
#pragma once

#include "lib/types.h"

/* What the out-of-memory policy answers where the want of memory was forced. */
enum alloc_fail_policy {
	ALLOC_FAIL_ASK,	    /* it looks for itself, as ever */
	ALLOC_FAIL_RELIEVE, /* there is memory now: who waits asks again */
	ALLOC_FAIL_REFUSE,  /* there is nobody who could give any: -ENOMEM; the one at first */
	ALLOC_FAIL_KILL,    /* who asks is the one to go */
	ALLOC_FAIL_STARVE,  /* REFUSE, and every allocation after it fails too */
	ALLOC_FAIL_POLICIES
};

#ifdef FAULTLINE_HARDENED

/*
 * The allocation that fails, counted from 1 from now on; 0: none. Frames, slab objects, slots of
 * kernel stacks, and what files are charged for.
 */
extern uint64_t alloc_fail_at;
/* Allocations asked for since boot. */
extern uint64_t alloc_count;

/*
 * Counts those of one thread only (of all: NULL) from now on, and lets number `at` fail (0: none).
 * => whether one has failed since it was called last
 */
bool alloc_fail_set(uint64_t at, const void *thread, enum alloc_fail_policy policy);

/* Boot: allocation `at` of all is refused (0: none), and the log says that it was. */
void alloc_fail_boot(uint64_t at);

/* Was the last failure forced, and has the policy not been asked since? */
bool alloc_fail_forced(void);

/* How the policy answers the failure that was forced last; ASK where there was none since. */
enum alloc_fail_policy alloc_fail_take(void);

bool alloc_fail_counts(void);

/* Some allocation is to fail: none is made ahead, which would be had then without asking. */
static inline bool alloc_fail_armed(void)
{
	return __atomic_load_n(&alloc_fail_at, __ATOMIC_RELAXED) != 0;
}

static inline bool alloc_fails(void)
{
	__atomic_fetch_add(&alloc_count, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&alloc_fail_at, __ATOMIC_RELAXED) && alloc_fail_counts();
}

#else

static inline void alloc_fail_boot(uint64_t at)
{
	(void)at;
}

static inline bool alloc_fail_forced(void)
{
	return false;
}

static inline enum alloc_fail_policy alloc_fail_take(void)
{
	return ALLOC_FAIL_ASK;
}

static inline bool alloc_fail_armed(void)
{
	return false;
}

static inline bool alloc_fails(void)
{
	return false;
}

#endif
