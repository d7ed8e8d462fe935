/* SPDX-License-Identifier: MIT */
/* Logs the longest stretches with interrupts off and with preemption off. */
#include "base/latency_report.h"

#include "base/log.h"
#include "sync/latency.h"

static void log_stretch(const char *what, enum latency_kind kind)
{
	struct latency_stretch longest = latency_longest(kind);

	log_always("latency", "%s for %lu instructions at most, from %#lx to %#lx", what,
		   (unsigned long)longest.instructions, (unsigned long)longest.from,
		   (unsigned long)longest.to);
}

void latency_report(void)
{
	const struct latency *latency = latency_this_hart();

	if (!latency || !latency->on)
		return;
	log_stretch("interrupts were off", LATENCY_INTERRUPTS);
	log_stretch("preemption was off", LATENCY_PREEMPTION);
}
