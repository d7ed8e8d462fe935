/* SPDX-License-Identifier: MIT */
/* Fault injection: decides which allocation is made to fail (hardened build). */
#include "mm/check/alloc_fail.h"

#include "arch/hart.h"
#include "base/log.h"
#include "mm/phys/zeroed.h"

#ifdef FAULTLINE_HARDENED

uint64_t alloc_fail_at; /* atomic */
uint64_t alloc_count;	/* atomic */

/* private to the one test that has called alloc_fail_set(), and const while allocations are counted: */
static const void *counted_thread; /* NULL: all threads */
static enum alloc_fail_policy policy = ALLOC_FAIL_REFUSE;
/* private to the thread whose allocation is made to fail: that is one, but with ALLOC_FAIL_STARVE, which counts one's only */
static const void *forced; /* that thread, until alloc_fail_take() */
static bool reached;	   /* an allocation was made to fail */
static bool log_failure;   /* set by alloc_fail_boot() */

bool alloc_fail_set(uint64_t at, const void *thread, enum alloc_fail_policy answer)
{
	bool was = reached;

	if (at)
		zeroed_drop();
	counted_thread = thread;
	policy = at ? answer : ALLOC_FAIL_REFUSE;
	forced = NULL;
	reached = false;
	__atomic_store_n(&alloc_fail_at, at, __ATOMIC_RELAXED);
	return was;
}

bool alloc_fail_counts(void)
{
	if (counted_thread && counted_thread != arch_this_thread())
		return false;
	if (__atomic_sub_fetch(&alloc_fail_at, 1, __ATOMIC_RELAXED) != 0)
		return false;
	if (policy == ALLOC_FAIL_STARVE)
		__atomic_store_n(&alloc_fail_at, 1, __ATOMIC_RELAXED);
	forced = arch_this_thread();
	reached = true;
	if (log_failure)
		log_warn("mm", "allocation %lu since boot is refused, as failnth= asks",
			 (unsigned long)alloc_count);
	log_failure = false;
	return true;
}

void alloc_fail_boot(uint64_t at)
{
	if (!at)
		return;
	log_failure = true;
	(void)alloc_fail_set(at, NULL, ALLOC_FAIL_REFUSE);
}

bool alloc_fail_forced(void)
{
	return forced == arch_this_thread();
}

enum alloc_fail_policy alloc_fail_take(void)
{
	if (forced != arch_this_thread())
		return ALLOC_FAIL_ASK;
	forced = NULL;
	return policy;
}

#endif
