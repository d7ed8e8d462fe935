/* SPDX-License-Identifier: MIT */
/* What programs ask of the scheduler for threads: policies, priorities and nice values; and timer slack, which is only kept. */
#pragma once

#include "lib/types.h"
#include "proc/thread.h"

#define TIMER_SLACK_NS 50000 /* of the first thread, as on Linux */

#define NICE_MIN (-20)
#define NICE_MAX 19

/* What the thread is to have instead, with its weight; for sched_set_wish(). */
uint64_t priority_wish(int policy, unsigned rt_priority, int nice, bool resets_on_fork);

/* As Linux reckons it: the lower, the more urgent; of real-time policies it is below 0. */
static inline int priority_rank(const struct sched_wish *wish)
{
	return wish->rt_priority ? -1 - wish->rt_priority : NICE_MAX + 1 + wish->nice;
}

struct thread_id;

/* Gives a new thread what the running one, its creator, passes on. No other thread can find it yet. */
void priority_inherit(struct thread *thread);

/*
 * How late timers of the running thread may be, as PR_SET_TIMERSLACK has it. It is kept and inherited;
 * no timer is late on purpose. 0 sets what the thread began with.
 */
uint64_t timer_slack(void);
void timer_slack_set(uint64_t ns);
/*
 * Get and set the timer slack of any thread, in ns; 0 sets what it had at first. Return 0; -ESRCH if it has ended; -EPERM
 * if it is another one and the running thread has no CAP_SYS_NICE.
 */
int timer_slack_get_of(const struct thread_id *id, uint64_t *ns_ret);
int timer_slack_set_of(const struct thread_id *id, uint64_t ns);

/* What a nice value applies to: one thread, the threads of a group, or those of a real user. */
enum priority_of { PRIORITY_OF_THREAD, PRIORITY_OF_GROUP, PRIORITY_OF_USER };

/*
 * The same of the priority of requests to disks: no disk here looks at it. Sets it, with the order of checks and the answers of
 * Linux: 0, -ESRCH, or -EPERM for another user's thread.
 */
int priority_set_io(enum priority_of of, int id, uint16_t ioprio);
/*
 * Returns the best one in *ret: of a thread what was set, 0 if nothing was; of others what follows from the nice value and
 * policy of those for which nothing was. 0 or -ESRCH.
 */
int priority_get_io(enum priority_of of, int id, uint16_t *ret);

/* May the running thread give that thread the nice value? It may always make it greater. */
bool can_nice(const struct thread *thread, int nice);

/*
 * Sets the nice value, which is brought within its limits. id 0 is the caller's. Returns 0; -ESRCH; -EPERM: a thread
 * belongs to another user; -EACCES: a value is below the thread's, and not permitted.
 */
int priority_set_nice(enum priority_of of, int id, int nice);
/* Returns the lowest of the nice values in *nice_ret. 0 or -ESRCH. */
int priority_get_nice(enum priority_of of, int id, int *nice_ret);
