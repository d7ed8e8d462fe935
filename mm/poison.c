/* The hardened build's part of the allocators: poison, and the switch for failures. */
#include "mm/poison.h"

#include "mm/alloc_fail.h"

#ifdef FAULTLINE_HARDENED

uint64_t alloc_fail_at;
uint64_t alloc_count;

void poison_fill(void *p, size_t bytes)
{
	uint64_t *word = p;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		word[i] = POISON_WORD;
}

const void *poison_check(const void *p, size_t bytes)
{
	const uint64_t *word = p;

	for (size_t i = 0; i < bytes / sizeof(*word); i++)
		if (word[i] != POISON_WORD)
			return &word[i];
	return NULL;
}

#endif
