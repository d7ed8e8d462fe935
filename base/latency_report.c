/* SPDX-License-Identifier: MIT */
/* The longest stretches with interrupts off and with the preemption count raised, in the log. */
#include "base/latency_report.h"

#include "base/log.h"
#include "sync/latency.h"

static void tell(const char *what, enum latency_kind kind)
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
	tell("interrupts were off", LATENCY_INTERRUPTS);
	tell("preemption was off", LATENCY_PREEMPTION);
}
