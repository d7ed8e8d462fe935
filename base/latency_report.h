/* Telling the longest stretches at the end (hardened build). */
#pragma once

#include "lib/types.h"

#ifdef FAULTLINE_LATENCY

/* power_off() is to log them, one line for each kind. */
void latency_report_ask(void);
void latency_report(void);

#else

static inline void latency_report_ask(void)
{
}

static inline void latency_report(void)
{
}

#endif
