/* Makes the Nth allocation fail, so that tests reach where memory runs out (hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_HARDENED

/* The allocation of frames or slab objects that fails, counted from 1 from now on; 0: none. */
extern uint64_t alloc_fail_at;
/* Allocations asked for since boot. */
extern uint64_t alloc_count;

static inline bool alloc_fails(void)
{
	__atomic_fetch_add(&alloc_count, 1, __ATOMIC_RELAXED);
	return alloc_fail_at && __atomic_sub_fetch(&alloc_fail_at, 1, __ATOMIC_RELAXED) == 0;
}

#else

static inline bool alloc_fails(void)
{
	return false;
}

#endif
