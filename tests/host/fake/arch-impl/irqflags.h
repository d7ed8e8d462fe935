/* SPDX-License-Identifier: MIT */
/* The fake machine's interrupts: one flag, so that contracts about it can be asserted. */
#pragma once

#include "lib/types.h"

extern bool fake_irq_on;

static inline unsigned long arch_irq_save(void)
{
	unsigned long on = fake_irq_on;

	fake_irq_on = false;
	return on;
}

static inline void arch_irq_restore(unsigned long on)
{
	fake_irq_on = on;
}

static inline void arch_irq_enable(void)
{
	fake_irq_on = true;
}

static inline void arch_irq_disable(void)
{
	fake_irq_on = false;
}

static inline bool arch_irq_enabled(void)
{
	return fake_irq_on;
}
