/* SPDX-License-Identifier: MIT */
/* The system call futex, as far as a layer adds something of its own to it. */
#pragma once

#include "abi/futex.h"
#include "base/wall_clock.h"
#include "lib/bits.h"
#include "proc/futex.h"

struct trap_frame;

/* The arguments of a call, as far as its command has them. */
struct futex_call {
	int command;
	unsigned flags;
	uint32_t value, value2, value3;
	struct futex_word word, second;
	bool timed;
	uint64_t
		until_ns; /* on the clock of clock_ns(), or with FUTEX_CLOCK_REALTIME on the wall clock */
};

/* What a frame asks for, without the timeout: `timed` is false. */
struct futex_call futex_call_of(const struct trap_frame *frame);
/* Is it known, and its timeout valid, which it then gets? Returns 0, -ENOSYS, -EINVAL or -EFAULT. */
int futex_check(struct futex_call *call, vaddr_t timeout_at);
/* Does what the call asks for. Returns what it returns; -EINTR, if a wait is to end early. */
long futex_make(const struct futex_call *call);

struct deadline futex_deadline(bool of_wall, uint64_t ns);

/* As on Linux, a count below 1 wakes one. */
static inline unsigned futex_count(uint32_t count)
{
	return (unsigned)MAX((int)count, 1);
}
