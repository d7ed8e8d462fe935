/* SPDX-License-Identifier: MIT */
/* What free memory is filled with in the hardened build, so that its use after free shows. */
#pragma once

#include "lib/string.h"
#include "lib/types.h"

#define POISON_FREE 0x6b
#define POISON_WORD 0x6b6b6b6b6b6b6b6bull

#ifdef FAULTLINE_HARDENED

void poison_fill(void *p, size_t bytes); /* => aligned to 8, as is bytes */
/* The first word that was changed since; NULL: none. */
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
