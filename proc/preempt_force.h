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

/* Preempts, once, the thread that runs so many ticks from now, if another is ready. 0 cancels. */
void preempt_once_after(uint64_t ticks);
#else
static inline void preempt_force_start(uint64_t ticks)
{
	(void)ticks;
}
#endif
