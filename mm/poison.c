/* What freed memory is filled with (hardened build). */
#include "mm/poison.h"

#include "lib/bits.h"

#ifdef FAULTLINE_HARDENED

/* Words that are looked at together: one branch for all of them. */
#define TOGETHER 8

UNCHECKED void poison_fill(void *p, size_t bytes)
{
	uint64_t *word = p;
	const uint64_t *end = word + bytes / sizeof(*word);

#pragma GCC unroll 8
	while (word < end)
		*word++ = POISON_WORD;
}

/* The bits in which the first of so many words differ, all in one. */
static inline UNCHECKED uint64_t differences(const uint64_t *word, uint64_t from)
{
	uint64_t bits = 0;

#pragma GCC unroll 8
	for (size_t i = 0; i < TOGETHER; i++)
		bits |= word[i] ^ from;
	return bits;
}

UNCHECKED const void *words_differ(const void *p, size_t bytes, uint64_t from)
{
	const uint64_t *word = p;
	const uint64_t *end = word + bytes / sizeof(*word);

	while (end - word >= TOGETHER && !differences(word, from))
		word += TOGETHER;
	for (; word < end; word++)
		if (*word != from)
			return word;
	return NULL;
}

#endif
