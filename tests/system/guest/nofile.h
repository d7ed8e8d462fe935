/* SPDX-License-Identifier: MIT */
/* How many descriptors a program may have. */
#pragma once

#include <stdlib.h>
#include <sys/resource.h>

static inline void allow_files(rlim_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		abort();
	limit.rlim_cur = n;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		abort();
}
