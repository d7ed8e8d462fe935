/* SPDX-License-Identifier: MIT */
/* Logs the longest stretches with interrupts off and with preemption off. */
#include "base/latency_report.h"

#include "base/hart.h"
#include "base/log.h"
#include "sync/latency.h"

static void log_longest(const char *what, enum latency_kind kind)
{
	struct latency_stretch longest = { 0 };

	for (unsigned i = 0; i < hart_count; i++)
		if (harts[i].latency.kinds[kind].longest.instructions >= longest.instructions)
			longest = harts[i].latency.kinds[kind].longest;
	log_always("latency", "%s for %lu instructions at most, from %#lx to %#lx", what,
		   (unsigned long)longest.instructions, (unsigned long)longest.from,
		   (unsigned long)longest.to);
}

static void log_places(const struct latency_stretch *places)
{
	for (unsigned i = 0; i < LATENCY_PLACES && places[i].instructions; i++)
		log_always("latency", "without preemption: %lu instructions from %#lx to %#lx",
			   (unsigned long)places[i].instructions, (unsigned long)places[i].from,
			   (unsigned long)places[i].to);
}

void latency_start_all(bool places_too)
{
	for (unsigned i = 0; i < HART_MAX; i++)
		latency_start(&harts[i].latency, places_too);
}

void latency_report(void)
{
	if (hart_count == 0 || !harts[0].latency.on)
		return;
	log_longest("interrupts were off", LATENCY_INTERRUPTS);
	log_longest("preemption was off", LATENCY_PREEMPTION);
	for (unsigned i = 0; i < hart_count && harts[0].latency.places_too; i++)
		log_places(harts[i].latency.places);
}
