/* SPDX-License-Identifier: MIT */
/* Timers: functions that are called at a given time. */
#pragma once

#include "lib/tree.h"
#include "sync/spinlock.h"

/* Each hart has one. The earliest deadline is that of the hart's timer (arch_timer_set()). */
struct timerq {
	struct spinlock lock;
	/* guarded by lock: */
	struct tree timers; /* ordered by deadline */
	struct tree_node *earliest;
	struct timer *running; /* the timer whose fn is being called */
};

struct timer {
	/* guarded by the queue's lock: */
	struct tree_node node;
	uint64_t deadline; /* ticks of arch_time() */
	bool armed;
	struct timerq *queue; /* the one on which it was armed last */
	/* private to the owner: */
	void (*fn)(struct timer *timer);
	bool alone; /* set by timer_init_alone() */
};

void timerq_init(struct timerq *queue);

/*
 * fn is called in the timer interrupt, with interrupts off and no lock held. It may arm the timer
 * again or free it.
 */
void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/*
 * timer_init() for a fn that may wake the watches of epoll (sync/waitq.c). That may take as long as an interrupt is allowed
 * to, so no other timer's fn is called in the same interrupt.
 */
void timer_init_alone(struct timer *timer, void (*fn)(struct timer *timer));

/*
 * Calls fn on this hart at or after deadline_ticks; on another one if fn still runs there. If the timer is already
 * armed, it is moved. Two harts must not arm or cancel one timer at the same time.
 */
void timer_arm(struct timer *timer, uint64_t deadline_ticks);

/*
 * When it returns, fn is not running and will not be called, unless the caller is fn. Returns true
 * if the timer was armed.
 */
bool timer_cancel(struct timer *timer);

/*
 * Called by the timer interrupt with interrupts off: calls some of what is due, and sets the next
 * deadline, which may be over already.
 */
void timerq_run(void);

/*
 * Gives this hart's timer its deadline once more, after something that may have made the machine
 * forget it. Call with interrupts off since before that.
 */
void timerq_rearm(void);

/* Returns this hart's next deadline; UINT64_MAX if it has none. */
uint64_t timerq_next(void);
