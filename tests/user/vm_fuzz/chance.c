/* SPDX-License-Identifier: MIT */
/* Chances that follow from a seed and a step's number alone, so that steps can be left out. */
#include "vm_fuzz.h"

static uint64_t state;

uint64_t chance_word(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void chance_begin(uint64_t seed, uint64_t step)
{
	state = seed;
	state = chance_word() ^ step;
	state = chance_word();
}

unsigned rnd(unsigned n)
{
	return (unsigned)(chance_word() >> 32) % n;
}

bool one_in(unsigned n)
{
	return rnd(n) == 0;
}

unsigned pick(const unsigned char *weights, unsigned n)
{
	unsigned sum = 0, at;

	for (unsigned i = 0; i < n; i++)
		sum += weights[i];
	at = rnd(sum);
	for (unsigned i = 0; i < n; i++) {
		if (at < weights[i])
			return i;
		at -= weights[i];
	}
	return 0;
}
