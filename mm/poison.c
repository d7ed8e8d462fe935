/* What freed memory is filled with (hardened build). */
#include "mm/poison.h"

#ifdef FAULTLINE_HARDENED

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
