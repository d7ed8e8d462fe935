/* SPDX-License-Identifier: MIT */
/* The pattern that fills free memory in the hardened build, so that use after free is found. */
#pragma once

#include "lib/string.h"
#include "lib/types.h"

#define POISON_FREE 0x6b
#define POISON_WORD 0x6b6b6b6b6b6b6b6bull

#ifdef FAULTLINE_HARDENED

void poison_fill(void *p, size_t bytes); /* p and bytes are multiples of 8 */
/* Returns the first word that has changed since, or NULL. */
static inline const void *poison_check(const void *p, size_t bytes)
{
	return words_differ(p, bytes, POISON_WORD);
}

#else

static inline void poison_fill(void *p, size_t bytes)
{
	(void)p, (void)bytes;
}

static inline const void *poison_check(const void *p, size_t bytes)
{
	(void)p, (void)bytes;
	return NULL;
}

#endif
