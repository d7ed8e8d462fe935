/* SPDX-License-Identifier: MIT */
/* The defaults of struct mm_host, for boot and tests, when there are no threads. */
#include "mm/host.h"

#include "abi/errno.h"

static int pause_alone(struct vm_wait *wait)
{
	(void)wait;
	return 0;
}

static int relieve_alone(struct relief *relief)
{
	(void)relief;
	return -ENOMEM;
}

static bool is_ending_alone(void)
{
	return false;
}

static uint64_t lock_limit_alone(void)
{
	return UINT64_MAX;
}

const struct abi_rlimit64 no_limits[RLIM_NLIMITS] = { [0 ... RLIM_NLIMITS -
						       1] = { RLIM_INFINITY, RLIM_INFINITY } };

static const struct abi_rlimit64 *limits_alone(void)
{
	return no_limits;
}

static void fetches_alone(size_t bytes)
{
	(void)bytes;
}

static bool mmap_locked_alone(struct space *space)
{
	(void)space;
	return true;
}

/* const once there are several harts, or a process. */
struct mm_host mm_host = {
	.pause = pause_alone,
	.relieve = relieve_alone,
	.is_ending = is_ending_alone,
	.lock_limit = lock_limit_alone,
	.limits = limits_alone,
	.fetches = fetches_alone,
	.mmap_locked = mmap_locked_alone,
};
