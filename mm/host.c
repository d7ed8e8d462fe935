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

static uint64_t limit_alone(enum memory_limit which)
{
	(void)which;
	return UINT64_MAX;
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
	.limit = limit_alone,
	.fetches = fetches_alone,
	.mmap_locked = mmap_locked_alone,
};
