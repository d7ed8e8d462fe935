/* SPDX-License-Identifier: MIT */
/* Timers that are files: a read tells how often one has expired. */
#pragma once

#include "base/clock.h"
#include "fs/file.h"

/*
 * Creates a timer of CLOCK_REALTIME, MONOTONIC or BOOTTIME, disarmed. flags: O_NONBLOCK. Returns 0,
 * -ENFILE or -ENOMEM.
 */
int timerfd_create(int clock, unsigned flags, struct file **file_ret);

bool file_is_timerfd(const struct file *file);

/* Both for such a file. With `absolute`, spec->value is a time of the timer's clock. */
void timerfd_set(struct file *file, bool absolute, const struct timer_spec *spec,
		 struct timer_spec *old_ret);
void timerfd_get(struct file *file, struct timer_spec *ret);
