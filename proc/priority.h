/* SPDX-License-Identifier: MIT */
/* What programs ask of the scheduler for threads: policies, priorities and nice values. */
#pragma once

#include "lib/types.h"
#include "proc/thread.h"

#define NICE_MIN (-20)
#define NICE_MAX 19

/* What the thread is to have instead, with its weight; for sched_set_wish(). */
uint64_t priority_wish(int policy, unsigned rt_priority, int nice, bool resets_on_fork);

/* As Linux reckons it: the lower, the more urgent; of real-time policies it is below 0. */
static inline int priority_rank(const struct sched_wish *wish)
{
	return wish->rt_priority ? -1 - wish->rt_priority : NICE_MAX + 1 + wish->nice;
}

/* Gives a new thread what the running one, its creator, passes on. No other thread can find it yet. */
void priority_inherit(struct thread *thread);

/* What a nice value applies to: one thread, the threads of a group, or those of a real user. */
enum priority_of { PRIORITY_OF_THREAD, PRIORITY_OF_GROUP, PRIORITY_OF_USER };

/* May the running thread give that thread the nice value? It may always make it greater. */
bool can_nice(const struct thread *thread, int nice);

/*
 * Sets the nice value, which is brought within its limits. id 0 is the caller's. Returns 0; -ESRCH; -EPERM: a thread
 * belongs to another user; -EACCES: a value is below the thread's, and not permitted.
 */
int priority_set_nice(enum priority_of of, int id, int nice);
/* Returns the lowest of the nice values in *nice_ret. 0 or -ESRCH. */
int priority_get_nice(enum priority_of of, int id, int *nice_ret);
