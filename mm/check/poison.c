/* SPDX-License-Identifier: MIT */
/* Fills freed memory with a pattern (hardened build). */
#include "mm/check/poison.h"

#include "lib/bits.h"

#ifdef FAULTLINE_HARDENED

UNCHECKED void poison_fill(void *p, size_t bytes)
{
	uint64_t *word = p;
	const uint64_t *end = word + bytes / sizeof(*word);

#pragma GCC unroll 8
	while (word < end)
		*word++ = POISON_WORD;
}

#endif
