/* SPDX-License-Identifier: MIT */
/* The load average: how many threads run or are ready, over the last one, five and fifteen minutes. */
#pragma once

#include "lib/types.h"

#define LOAD_SHIFT     11 /* of the averages: they are multiplied by 2048 */
#define LOAD_PERIOD_NS 5000000000ull
#define LOAD_LATE_NS   100000000ull /* several slices */

/* The averages, and when the next sample is due, in nanoseconds since boot. All 0 at first. Guarded by the lock beside it. */
struct load {
	uint64_t average[3];
	uint64_t due_ns;
};

/*
 * Takes a sample if one is due: `active` threads run or are ready. A hart that is busy looks as soon as a sample is due; where
 * that was missed, there were none.
 */
void load_sample(struct load *load, uint64_t now_ns, unsigned active);
