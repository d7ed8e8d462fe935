/* SPDX-License-Identifier: MIT */
/* Reports the longest stretches at power-off (hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_LATENCY

/* Logs this hart's longest stretch of each kind, provided that they are measured. */
void latency_report(void);

#else

static inline void latency_report(void)
{
}

#endif
