/* SPDX-License-Identifier: MIT */
/* Turns the interrupts of this hart on and off. */
#pragma once

#include "lib/types.h"

/*
 * arch-impl/irqflags.h supplies these inline functions. Each is also a compiler barrier.
 *   unsigned long arch_irq_save(void)      turns interrupts off, returns the state before
 *   void arch_irq_restore(unsigned long)
 *   void arch_irq_enable(void), void arch_irq_disable(void)
 *   bool arch_irq_enabled(void)
 */
#include "arch-impl/irqflags.h"

/*
 * Only in the kernel that has the tests. Gives each register a value of its own, the seed's, which
 * is not 0; turns interrupts on for a moment; and returns a bit for each register whose value has
 * changed. Call with interrupts off, and when one is due, for which this waits a while.
 */
uint64_t arch_irq_check_registers(uint64_t seed);
