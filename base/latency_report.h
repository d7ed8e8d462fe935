/* SPDX-License-Identifier: MIT */
/* Telling the longest stretches at the end (hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_LATENCY

/* Logs them, one line for each kind, where they are measured. */
void latency_report(void);

#else

static inline void latency_report(void)
{
}

#endif
