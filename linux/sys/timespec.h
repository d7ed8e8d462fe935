/* SPDX-License-Identifier: MIT */
/* Conversions of struct timespec. */
#pragma once

#include "abi/time.h"
#include "base/clock.h"
#include "lib/types.h"

struct abi_timespec ns_to_timespec(uint64_t ns);

/*
 * Reads a struct timespec from user memory and converts it to nanoseconds, UINT64_MAX if they do
 * not fit. Returns 0, -EFAULT or -EINVAL.
 */
int timespec_read(vaddr_t at, uint64_t *ns_ret);

/* Reads a struct itimerspec, whose times become INT64_MAX ns if they do not fit. Returns 0, -EFAULT or -EINVAL. */
int itimerspec_read(vaddr_t at, struct timer_spec *ret);
/* Returns 0 or -EFAULT. */
int itimerspec_write(vaddr_t to, const struct timer_spec *spec);

/* Returns 0 if it may be waited for that such a clock reaches a time; -EINVAL or -EOPNOTSUPP as on Linux. */
int clock_check_wait(int clock);
