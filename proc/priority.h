/* SPDX-License-Identifier: MIT */
/* What programs ask of the scheduler for threads: policies, priorities and nice values. */
#pragma once

#include "lib/types.h"
#include "proc/thread.h"

#define NICE_MIN (-20)
#define NICE_MAX 19

/* What the thread is to have instead, with its weight; for loan_set_wish(). */
uint64_t priority_wish(int policy, unsigned rt_priority, int nice, bool resets_on_fork);

/* As Linux reckons it: the lower, the more urgent; of real-time policies it is below 0. */
static inline int priority_rank(const struct sched_wish *wish)
{
	return wish->rt_priority ? -1 - wish->rt_priority : NICE_MAX + 1 + wish->nice;
}

/* Gives a new thread what the running one, its creator, passes on. No other thread can find it yet. */
void priority_inherit(struct thread *thread);
