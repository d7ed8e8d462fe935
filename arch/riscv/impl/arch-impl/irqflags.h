/* SPDX-License-Identifier: MIT */
/* RISC-V: interrupts on and off are one bit of sstatus. */
#pragma once

#include "lib/types.h"

#define IRQFLAGS_SIE 2

/* Inline in functions that are UNCHECKED, too, which only get what has to be. */
static inline __attribute__((always_inline)) unsigned long arch_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("csrrci %0, sstatus, %1" : "=r"(flags) : "i"(IRQFLAGS_SIE) : "memory");
	/* cppcheck-suppress uninitvar ; the instruction writes it */
	return flags & IRQFLAGS_SIE;
}

static inline __attribute__((always_inline)) void arch_irq_restore(unsigned long flags)
{
	__asm__ volatile("csrs sstatus, %0" ::"r"(flags) : "memory");
}

static inline void arch_irq_enable(void)
{
	__asm__ volatile("csrsi sstatus, %0" ::"i"(IRQFLAGS_SIE) : "memory");
}

static inline void arch_irq_disable(void)
{
	__asm__ volatile("csrci sstatus, %0" ::"i"(IRQFLAGS_SIE) : "memory");
}

static inline bool arch_irq_enabled(void)
{
	unsigned long flags;

	__asm__ volatile("csrr %0, sstatus" : "=r"(flags)::"memory");
	/* cppcheck-suppress uninitvar ; the instruction writes it */
	return flags & IRQFLAGS_SIE;
}
