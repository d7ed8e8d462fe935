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

void latency_end(enum latency_kind kind)
{
	struct latency *latency = latency_this_hart();
	struct latency_stretch *longest;
	uint64_t instructions;

	if (!latency || !latency->kinds[kind].open)
		return;
	latency->kinds[kind].open = false;
	instructions = arch_instructions() - latency->kinds[kind].since;
	longest = &latency->kinds[kind].longest;
	/* Users are not interested in a checker's time, nor in a stretch that contains it. */
	if (!latency->exempt && instructions > longest->instructions)
		*longest = (struct latency_stretch){
			.instructions = instructions,
			.from = latency->kinds[kind].from,
			.to = latency_place(__builtin_return_address(0)),
		};
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

void latency_start(void)
{
	latency_this_hart()->on = true;
}

struct latency_stretch latency_longest(enum latency_kind kind)
{
	return latency_this_hart()->kinds[kind].longest;
}
