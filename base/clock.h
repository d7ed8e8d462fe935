/* SPDX-License-Identifier: MIT */
/* Time: ticks of the timebase, nanoseconds since boot, and the wall clock. */
#pragma once

#include "arch/timer.h"
#include "lib/types.h"

#define NSEC_PER_SEC 1000000000ul

/* Sets the frequency of arch_time() and makes this time 0. Before that, clock_ns() returns 0. */
void clock_init(uint64_t timebase_hz);
uint64_t clock_timebase(void);

/* Nanoseconds since clock_init(); monotonic. */
uint64_t clock_ns(void);
/* What clock_ns() was when arch_time() was `tick`. */
uint64_t clock_ns_at(uint64_t tick);

/* Convert durations. The conversion to ticks rounds up. Both saturate at UINT64_MAX. */
uint64_t clock_ticks_to_ns(uint64_t ticks);
uint64_t clock_ns_to_ticks(uint64_t ns);

/* Returns the tick at which clock_ns() reaches ns: a deadline for timer_arm(). */
uint64_t clock_deadline(uint64_t ns);
/* The tick at which so many nanoseconds have passed; UINT64_MAX if it does not fit. */
uint64_t clock_deadline_in(uint64_t ns);

/* Times since boot may be negative, and are INT64_MAX if they do not fit. */
int64_t clock_later(int64_t time, uint64_t ns);
/* Since boot, as long as the wall clock is not set again (base/wall_clock.h). */
int64_t clock_wall_to_boot(uint64_t ns_since_1970);

/* What a program sets a timer to, in nanoseconds. Times that do not fit are INT64_MAX. */
struct timer_spec {
	uint64_t interval; /* 0: it expires once */
	uint64_t value;	   /* until it expires first; 0: it is disarmed */
};

/* Nanoseconds since 1970. Until it is set, the wall clock starts in 1970 at boot. Programs set it by wall_clock_set(). */
void clock_set_wall(uint64_t ns_since_1970);
/*
 * From now on *to, an atomic, is what the wall clock shows at the time of boot, and all there is to its setting: for readers
 * that do not call clock_wall_ns(). Called during boot, when no other thread sets or reads the clock.
 */
void clock_move_wall(uint64_t *to);
uint64_t clock_wall_ns(void);
/* What it was when arch_time() was `tick`, as the wall clock goes now. */
uint64_t clock_wall_ns_at(uint64_t tick);
