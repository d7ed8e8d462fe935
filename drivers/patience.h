/* SPDX-License-Identifier: MIT */
/* Timeouts for polling a device. */
#pragma once

#include "base/clock.h"
#include "lib/bits.h"

/* The most time that counts between two checks: the machine may have been stopped meanwhile. */
#define PATIENCE_STEP_NS (NSEC_PER_SEC / 100)

struct patience {
	uint64_t last; /* time of the last check */
	uint64_t left; /* nanoseconds */
};

static inline struct patience patience_of(uint64_t ns)
{
	return (struct patience){ .last = clock_ns(), .left = ns };
}

/* Is there time left for another check? */
static inline bool patience_lasts(struct patience *patience)
{
	uint64_t now = clock_ns();
	uint64_t step = MIN(now - patience->last, PATIENCE_STEP_NS);

	patience->last = now;
	patience->left -= MIN(step, patience->left);
	return patience->left > 0;
}
