/* SPDX-License-Identifier: MIT */
/* Interrupts of this hart on and off. */
#pragma once

#include "lib/types.h"

/*
 * arch-impl/irqflags.h supplies, inline, each also a compiler barrier:
 *   unsigned long arch_irq_save(void)          off; the state before
 *   void arch_irq_restore(unsigned long)
 *   void arch_irq_enable(void), void arch_irq_disable(void)
 *   bool arch_irq_enabled(void)
 */
#include "arch-impl/irqflags.h"
