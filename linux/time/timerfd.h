/* SPDX-License-Identifier: MIT */
/* Timers that are files: a read tells how often one has expired. */
#pragma once

#include "base/clock.h"
#include "desc/file.h"

/*
 * Creates a timer of CLOCK_REALTIME, MONOTONIC or BOOTTIME, disarmed. flags: O_NONBLOCK. Returns 0,
 * -ENFILE or -ENOMEM.
 */
int timerfd_create(int clock, unsigned flags, struct file **file_ret);

bool file_is_timerfd(const struct file *file);

/*
 * Both for such a file. With TFD_TIMER_ABSTIME in flags, spec->value is a time of the timer's clock. Returns 0, or -ECANCELED:
 * the wall clock was set, which the program has asked for by TFD_TIMER_CANCEL_ON_SET and not read. The timer is set all the same.
 */
int timerfd_set(struct file *file, unsigned flags, const struct timer_spec *spec,
		struct timer_spec *old_ret);
void timerfd_get(struct file *file, struct timer_spec *ret);
