/* SPDX-License-Identifier: MIT */
/* Timers that are remembered and never run by themselves: for programs without the real ones (base/timerq.c). */
#include "base/timerq.h"

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	timer->armed = false;
	timer->fn = fn;
}

void timer_init_alone(struct timer *timer, void (*fn)(struct timer *timer))
{
	timer_init(timer, fn);
}

void timer_arm(struct timer *timer, uint64_t deadline_ticks)
{
	timer->armed = true;
	timer->deadline = deadline_ticks;
}
