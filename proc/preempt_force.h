/* SPDX-License-Identifier: MIT */
/* Forces preemption of the running thread, repeatedly or once (hardened build). */
#pragma once

#include "lib/types.h"

/*
 * From now on the running thread is preempted after every `ticks` to twice as many ticks of the
 * timebase, wherever that is allowed, and goes to the end of the queue. 0: never. Call when threads
 * run.
 */
#ifdef FAULTLINE_HARDENED
void preempt_force_start(uint64_t ticks);

/*
 * For the idle thread. It pauses, with interrupts off, before it waits for one: meanwhile there is
 * nothing to preempt, and the interrupts would only take the host's time. It resumes before another
 * thread runs.
 */
void preempt_force_pause(void);
bool preempt_force_paused(void);
void preempt_force_resume(void);

/* Preempts, once, the thread that runs so many ticks from now, if another is ready. 0 cancels. */
void preempt_once_after(uint64_t ticks);
#else
static inline void preempt_force_start(uint64_t ticks)
{
	(void)ticks;
}

static inline void preempt_force_pause(void)
{
}

static inline bool preempt_force_paused(void)
{
	return false;
}

static inline void preempt_force_resume(void)
{
}
#endif
