/* Telling the longest stretches at the end (hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_LATENCY

/* power_off() logs them, if it is asked to, one line for each kind. */
void latency_report_ask(bool wanted);
void latency_report(void);

#else

static inline void latency_report_ask(bool wanted)
{
	(void)wanted;
}

static inline void latency_report(void)
{
}

#endif
