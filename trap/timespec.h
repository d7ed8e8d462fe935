/* SPDX-License-Identifier: MIT */
/* Times as system calls have them, and sleeps. */
#pragma once

#include "abi/time.h"
#include "base/clock.h"
#include "lib/types.h"

static inline struct abi_timespec ns_to_timespec(uint64_t ns)
{
	return (struct abi_timespec){ .sec = (int64_t)(ns / NSEC_PER_SEC),
				      .nsec = (int64_t)(ns % NSEC_PER_SEC) };
}

/*
 * Reads a struct timespec from user memory and converts it to nanoseconds, UINT64_MAX if they do
 * not fit. Returns 0, -EFAULT or -EINVAL.
 */
int timespec_read(vaddr_t at, uint64_t *ns_ret);

/* Sleeps until clock_ns(), or the wall clock, reaches ns. Returns 0 or -EINTR. */
long sleep_until(bool of_wall, uint64_t ns);
