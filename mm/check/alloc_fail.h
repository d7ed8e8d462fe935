/* SPDX-License-Identifier: MIT */
/* Fault injection for tests: makes the Nth allocation fail (hardened build). */
#pragma once

#include "lib/types.h"

/* How the out-of-memory policy (linux/process/oom.c) answers a failure that was injected. */
enum alloc_fail_policy {
	ALLOC_FAIL_ASK,	    /* as without injection: the policy decides */
	ALLOC_FAIL_RELIEVE, /* memory is free now: allocate again */
	ALLOC_FAIL_REFUSE,  /* -ENOMEM: no process could free any; the default */
	ALLOC_FAIL_KILL,    /* the process that asks is killed */
	ALLOC_FAIL_STARVE,  /* as REFUSE, and every later allocation fails too */
	ALLOC_FAIL_POLICIES
};

#ifdef FAULTLINE_HARDENED

/*
 * The allocation that is to fail: 1 is the next one, 0 none. Frames, slab objects, slots of kernel
 * stacks, and the pages and records that files are charged for are counted.
 */
extern uint64_t alloc_fail_at;
/* Allocations asked for since boot. */
extern uint64_t alloc_count;

/*
 * From now on, counts the allocations of one thread only (NULL: of all) and makes number `at` fail
 * (0: none). Returns whether an allocation was made to fail since the last call.
 */
bool alloc_fail_set(uint64_t at, const void *thread, enum alloc_fail_policy policy);

/* Boot: makes allocation number `at` of all threads fail and logs that (0: none). */
void alloc_fail_boot(uint64_t at);

/* Has an allocation of this thread been made to fail, since the last alloc_fail_take()? */
bool alloc_fail_forced(void);

/*
 * Returns how the policy is to answer the injected failure of the running thread, once;
 * ALLOC_FAIL_ASK if there is none.
 */
enum alloc_fail_policy alloc_fail_take(void);

bool alloc_fail_counts(void);

/*
 * Is some allocation to fail? Then nothing is preallocated, because its use would not be counted.
 */
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
