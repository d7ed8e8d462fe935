/* SPDX-License-Identifier: MIT */
/* The system call futex, as far as a layer adds something of its own to it. */
#pragma once

#include "abi/futex.h"
#include "base/wall_clock.h"
#include "lib/bits.h"
#include "proc/futex.h"

struct trap_frame;

/* The timeout of a wait. */
struct futex_timeout {
	bool is_there;
	uint64_t
		until_ns; /* on the clock of clock_ns(), or with FUTEX_CLOCK_REALTIME on the wall clock */
};

/*
 * Does what the frame asks for. Returns what the call returns; -EINTR if a wait is to end early. `timeout` is not there, but for
 * a wait that goes on: then it is the one that this had. It is set to the one that a wait has.
 */
long futex_make(const struct trap_frame *frame, struct futex_timeout *timeout);

/* The deadline at that time of the wall clock, or of clock_ns(). */
struct deadline futex_deadline(bool of_wall, uint64_t ns);

/* As on Linux, a count below 1 wakes one. */
static inline unsigned futex_count(uint32_t count)
{
	return (unsigned)MAX((int)count, 1);
}
