/* SPDX-License-Identifier: MIT */
/* The wall clock while programs run: it may be set, and timers that wait for one of its times follow. */
#pragma once

#include "base/timerq.h"
#include "lib/list.h"

/* Its function is called when the clock has been set. */
struct wall_watch {
	/* guarded by a lock of wall_clock.c: */
	struct list link; /* empty: it is not called */
	unsigned seen;	  /* how often the clock had been set at the last call */
	/* const: */
	void (*was_set)(struct wall_watch *watch);
};

/* was_set is called with interrupts off and a lock held, outside those of wait queues. */
void wall_watch_init(struct wall_watch *watch, void (*was_set)(struct wall_watch *watch));
/* No effect if it is added, or removed, already. After the second one was_set does not run. */
void wall_watch_add(struct wall_watch *watch);
void wall_watch_remove(struct wall_watch *watch);

struct wall_timer {
	struct timer timer;
	struct wall_watch watch;
	uint64_t at_ns; /* guarded as the watch's link */
	void (*fn)(struct wall_timer *timer);
};

/*
 * As for a struct timer, with times in nanoseconds since 1970. However often the clock is set, fn is called when it shows that time,
 * or a later one. Two harts must not arm or cancel one timer at the same time.
 */
void wall_timer_init(struct wall_timer *timer, void (*fn)(struct wall_timer *timer));
/* wall_timer_init() for a fn that may wake the watches of epoll: see timer_init_alone(). */
void wall_timer_init_alone(struct wall_timer *timer, void (*fn)(struct wall_timer *timer));
void wall_timer_arm(struct wall_timer *timer, uint64_t ns);
void wall_timer_cancel(struct wall_timer *timer);

/*
 * Sets the clock, and tells all. Returns 0, or -EINVAL: then it would have shown a time before 1970 at boot. Call with no lock
 * held.
 */
int wall_clock_set(uint64_t ns);

/* When a wait ends at the latest: a tick of arch_time(), or a time of the wall clock. */
struct deadline {
	uint64_t at;
	bool of_wall;
};
