/* SPDX-License-Identifier: MIT */
/* Waiting for a device by looking at it again and again, for a bounded time. */
#pragma once

#include "base/clock.h"
#include "lib/bits.h"

/* Between two looks no more than this counts: who was stopped meanwhile has not waited. */
#define PATIENCE_STEP_NS (NSEC_PER_SEC / 100)

struct patience {
	uint64_t last; /* when it was asked */
	uint64_t left; /* nanoseconds */
};

static inline struct patience patience_of(uint64_t ns)
{
	return (struct patience){ .last = clock_ns(), .left = ns };
}

/* Is there time for another look? */
static inline bool patience_lasts(struct patience *patience)
{
	uint64_t now = clock_ns();
	uint64_t step = MIN(now - patience->last, PATIENCE_STEP_NS);

	patience->last = now;
	patience->left -= MIN(step, patience->left);
	return patience->left > 0;
}
