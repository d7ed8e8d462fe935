/* SPDX-License-Identifier: MIT */
/* What the architecture tells a firmware that looks for missing fences. */
#pragma once

#include "arch/page.h"

/*
 * Promises such a firmware, if there is one, that no fence is owed at any return to user mode. Called
 * once, at boot.
 */
void witness_start(void);

#ifdef FAULTLINE_HARDENED

/*
 * Page tables with that root are a space's, which has a bit in *mask for each hart that may use them; NULL: they are none
 * any more. The firmware reports a hart that has them in satp while its bit is not set.
 */
void witness_mask(paddr_t root, const uint64_t *mask);
/* Which bit is this hart's. */
void witness_hart(unsigned bit);

#else

static inline void witness_mask(paddr_t root, const uint64_t *mask)
{
	(void)root, (void)mask;
}

static inline void witness_hart(unsigned bit)
{
	(void)bit;
}

#endif
