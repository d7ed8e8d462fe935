/* SPDX-License-Identifier: MIT */
/* Takes the hart from whoever runs, again and again, or once (hardened build). */
#pragma once

#include "lib/types.h"

/*
 * From now on whoever runs is preempted after every `ticks` to twice as many ticks of the timebase,
 * wherever that may happen, and gets to the end of the queue. 0: never. => threads run
 */
#ifdef FAULTLINE_HARDENED
void preempt_force_start(uint64_t ticks);

/* Whoever runs so many ticks from now is preempted then, once, if another is ready. 0: nobody is. */
void preempt_once_after(uint64_t ticks);
#else
static inline void preempt_force_start(uint64_t ticks)
{
	(void)ticks;
}
#endif
