/* SPDX-License-Identifier: MIT */
/* The load average, as Linux reckons it: each sample of the number of threads decays by the time that has passed since. */
#include "proc/load.h"

#include "lib/bits.h"

#define ONE (1ull << LOAD_SHIFT)

/* What is left of a sample after one period: ONE by the exponential of minus 5 seconds in 1, 5 and 15 minutes. */
static const uint64_t left[3] = { 1884, 2014, 2037 };

/* x to the power of n, both below ONE with LOAD_SHIFT bits behind the point. */
static uint64_t power(uint64_t x, uint64_t n)
{
	uint64_t result = ONE;

	for (; n != 0; n >>= 1) {
		if (n & 1)
			result = (result * x + ONE / 2) >> LOAD_SHIFT;
		x = (x * x + ONE / 2) >> LOAD_SHIFT;
	}
	return result;
}

/* The average after a period with so many threads; it is rounded up while it rises, so that it gets there. */
static uint64_t after(uint64_t average, uint64_t rest, uint64_t active)
{
	uint64_t sum = average * rest + active * (ONE - rest);

	return (sum + (active >= average ? ONE - 1 : 0)) >> LOAD_SHIFT;
}

void load_sample(struct load *load, uint64_t now_ns, unsigned active)
{
	uint64_t missed;

	if (now_ns < load->due_ns)
		return;
	if ((now_ns - load->due_ns) % LOAD_PERIOD_NS >= LOAD_LATE_NS)
		active = 0;
	missed = (now_ns - load->due_ns) / LOAD_PERIOD_NS;
	load->due_ns += (missed + 1) * LOAD_PERIOD_NS;
	for (unsigned i = 0; i < ARRAY_SIZE(load->average); i++)
		load->average[i] = after(load->average[i] * power(left[i], missed) >> LOAD_SHIFT,
					 left[i], (uint64_t)active << LOAD_SHIFT);
}
