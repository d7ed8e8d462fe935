/* SPDX-License-Identifier: MIT */
/* Interrupts of this hart off and on, where others than arch turn them. */
#pragma once

#include "arch/irqflags.h"
#include "sync/latency.h"

/* Off. => the state before, for irq_restore(); nests */
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
