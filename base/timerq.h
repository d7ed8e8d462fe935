/* SPDX-License-Identifier: MIT */
/* Timers: functions that run at a time. */
#pragma once

#include "lib/tree.h"
#include "sync/spinlock.h"

/* One per hart; its earliest deadline is the hart's (arch_timer_set). */
struct timerq {
	struct spinlock lock;
	/* under lock */
	struct tree timers; /* by deadline */
	struct tree_node *earliest;
	struct timer *running; /* its fn is being called */
};

struct timer {
	/* under the queue's lock */
	struct tree_node node;
	uint64_t deadline; /* ticks of arch_time() */
	bool armed;
	struct timerq *queue; /* the one it was armed on last */
	/* private to the owner */
	void (*fn)(struct timer *timer);
};

void timerq_init(struct timerq *queue);

/*
 * fn is called in the timer interrupt, interrupts off, no lock held; it may arm the timer again, or
 * free it.
 */
void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/*
 * Calls fn on this hart at or after that tick. An armed timer is moved.
 * => not from two harts at once for one timer
 */
void timer_arm(struct timer *timer, uint64_t deadline_ticks);

/* After it, fn does not run and won't (unless called from fn itself). => true: it was armed */
bool timer_cancel(struct timer *timer);

/*
 * Runs what is due on this hart and sets its next deadline: from the timer interrupt.
 * => interrupts off
 */
void timerq_run(void);

/* This hart's next deadline; UINT64_MAX: none. */
uint64_t timerq_next(void);
