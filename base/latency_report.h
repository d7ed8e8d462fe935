/* SPDX-License-Identifier: MIT */
/* Reports the longest stretches at power-off (hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_LATENCY

/* Has all harts measure, also those that begin later. */
void latency_start_all(bool places_too);

/* Logs the longest stretch of each kind on any hart, provided that they are measured. */
void latency_report(void);

#else

static inline void latency_start_all(bool places_too)
{
	(void)places_too;
}

static inline void latency_report(void)
{
}

#endif
