/* SPDX-License-Identifier: MIT */
/* Keeps the longest stretches that were measured. */
#include "sync/latency.h"

#include "arch/irqflags.h"
#include "arch/timer.h"

static vaddr_t latency_place(void *return_address)
{
	return (vaddr_t)return_address;
}

void latency_begin(enum latency_kind kind)
{
	struct latency *latency = latency_this_hart();

	if (!latency || !latency->on || latency->kinds[kind].open)
		return;
	latency->kinds[kind].open = true;
	latency->kinds[kind].from = latency_place(__builtin_return_address(0));
	latency->kinds[kind].since = arch_instructions();
}

/* If there are more places than room, the last ones to come are left out. */
static void keep_place(struct latency_stretch *places, const struct latency_stretch *stretch)
{
	struct latency_stretch *end = places + LATENCY_PLACES;

	while (places < end && places->instructions && places->from != stretch->from)
		places++;
	if (places < end && stretch->instructions > places->instructions)
		*places = *stretch;
}

void latency_end(enum latency_kind kind)
{
	struct latency *latency = latency_this_hart();
	struct latency_stretch *longest, stretch;

	if (!latency || !latency->kinds[kind].open)
		return;
	latency->kinds[kind].open = false;
	stretch.instructions = arch_instructions() - latency->kinds[kind].since;
	stretch.from = latency->kinds[kind].from;
	stretch.to = latency_place(__builtin_return_address(0));
	longest = &latency->kinds[kind].longest;
	/* Users are not interested in a checker's time, nor in a stretch that contains it. */
	if (!latency->exempt && stretch.instructions > longest->instructions)
		*longest = stretch;
	if (!latency->exempt && latency->places_too && kind == LATENCY_PREEMPTION)
		keep_place(latency->places, &stretch);
}

void latency_forget(enum latency_kind kind)
{
	latency_this_hart()->kinds[kind].open = false;
}

void latency_exempt_begin(void)
{
	latency_this_hart()->exempt++;
}

/* A stretch that began before this call is measured from here. */
void latency_exempt_end(void)
{
	struct latency *latency = latency_this_hart();
	uint64_t now = arch_instructions();

	latency->exempt--;
	for (unsigned i = 0; i < LATENCY_KINDS; i++)
		latency->kinds[i].since = now;
}

void latency_start(struct latency *latency, bool places_too)
{
	latency->places_too = places_too;
	latency->on = true;
}
