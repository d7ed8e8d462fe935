/* SPDX-License-Identifier: MIT */
/* A machine for each host test of mm, and a process: mm's variables start out once. */
#pragma once

#include "arch/bootmap.h"
#include "lib/types.h"
#include "tests/host/lib/test.h"

/*
 * A machine of so many frames of RAM, given to phys_init() with the reserved ranges (may be NULL).
 */
void memory_start(size_t nframes, const struct phys_range *reserved, unsigned nreserved);

/* A test for test_group() that runs in a process of its own. */
#define isolated_test(fn)                                              \
	{                                                              \
#fn, isolated_run, NULL, NULL, (void *)(uintptr_t)(fn) \
	}
void isolated_run(void **state);
