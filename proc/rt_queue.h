/* SPDX-License-Identifier: MIT */
/* A hart's ready threads of real-time policies, the highest priority first, and how much of its time they may have. */
#pragma once

#include "proc/sched.h"

#define RT_PRIORITY_MAX 99

/*
 * Of a period they run for RT_RUN_MS at most while others are ready: so who can end a thread that computes for ever has a
 * chance to run. It is the share of Linux, in a shorter period.
 */
#define RT_PERIOD_MS 200
#define RT_RUN_MS    190
/* The slice of SCHED_RR, among threads of one priority. */
#define RT_SLICE_MS  100

/* All of it is guarded by the lock of the run queues, as these functions expect. */
struct rt_queue {
	struct tree
		threads; /* linked by thread.rt_node; those that wait longest first among equals */
	struct tree_node *first;
	uint64_t look_tick;    /* of the last tick */
	uint64_t period_ticks; /* how much of the present period is over */
	uint64_t ran_ticks;    /* in which one of these threads ran */
	bool throttled;	       /* for the rest of the period others go first */
};

void rt_queue_init(struct rt_queue *queue);

static inline bool is_rt(const struct thread *thread)
{
	return thread->runs_as.rt_priority != 0;
}

/* Returns the thread of the highest priority that waits longest, or NULL. */
static inline struct thread *rt_first(const struct rt_queue *queue)
{
	return queue->first ? tree_entry(queue->first, struct thread, rt_node) : NULL;
}

/* Returns the one behind that thread, or NULL. */
static inline struct thread *rt_next(struct thread *thread)
{
	struct tree_node *node = tree_next(&thread->rt_node);

	return node ? tree_entry(node, struct thread, rt_node) : NULL;
}

/* Queues the thread behind its equals, or `ahead` of them. */
void rt_enqueue(struct rt_queue *queue, struct thread *thread, bool ahead);
void rt_dequeue(struct rt_queue *queue, struct thread *thread);

/*
 * Call at each tick of the hart, with whether such a thread runs. Counts the time since the last tick, and begins the next
 * period.
 */
void rt_tick(struct rt_queue *queue, bool runs);
