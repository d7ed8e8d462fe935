/* SPDX-License-Identifier: MIT */
/* Turning the interrupts of this hart off and on, for all code outside arch. */
#pragma once

#include "arch/irqflags.h"
#include "sync/latency.h"

/* Turns interrupts off. Returns the state before, for irq_restore(). Calls may nest. */
static inline unsigned long irq_save(void)
{
	unsigned long flags = arch_irq_save();

	if (flags)
		latency_begin(LATENCY_INTERRUPTS);
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	if (flags)
		latency_end(LATENCY_INTERRUPTS);
	arch_irq_restore(flags);
}

static inline void irq_disable(void)
{
	arch_irq_disable();
	latency_begin(LATENCY_INTERRUPTS);
}

static inline void irq_enable(void)
{
	latency_end(LATENCY_INTERRUPTS);
	arch_irq_enable();
}
