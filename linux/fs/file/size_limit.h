/* SPDX-License-Identifier: MIT */
/* RLIMIT_FSIZE: how large the running process may make a file. */
#pragma once

#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "desc/user_iter.h"
#include "linux/process/limits.h"
#include "linux/signal/kill.h"
#include "proc/process.h"

/* The slow path of the two below. */
static inline int size_limit_refuse(void)
{
	signal_raise(SIGXFSZ);
	return -EFBIG;
}

/*
 * A write to a regular file at that position: shortens it to what is below the limit. Returns 0; or -EFBIG, and sends the
 * thread SIGXFSZ, if that is nothing. Call with no spinning lock held, as the next one.
 */
static inline int size_limit_write(struct user_iter *from, uint64_t at)
{
	uint64_t limit = process_own_limit(RLIMIT_FSIZE);

	if (likely(limit == RLIM_INFINITY) || from->left == 0)
		return 0;
	if (at >= limit)
		return size_limit_refuse();
	from->left = MIN(from->left, limit - at);
	return 0;
}

/* A regular file grows from `before` bytes to `size`, or shrinks. Returns 0; or -EFBIG, and sends SIGXFSZ. */
static inline int size_limit_resize(uint64_t before, uint64_t size)
{
	return likely(size <= before || size <= process_own_limit(RLIMIT_FSIZE))
		       ? 0
		       : size_limit_refuse();
}
