/* SPDX-License-Identifier: MIT */
/* Times of timers, and clocks that can be waited for. */
#pragma once

#include "trap/timespec.h"

/* Reads a struct itimerspec, whose times become INT64_MAX ns if they do not fit. Returns 0, -EFAULT or -EINVAL. */
int itimerspec_read(vaddr_t at, struct timer_spec *ret);
/* Returns 0 or -EFAULT. */
int itimerspec_write(vaddr_t to, const struct timer_spec *spec);

/* Returns 0 if it may be waited for that such a clock reaches a time; -EINVAL or -EOPNOTSUPP as on Linux. */
int clock_check_wait(int clock);
