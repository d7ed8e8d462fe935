/* SPDX-License-Identifier: MIT */
/* The least machine that sources with locks and a log need: one hart, its interrupts, time that is told. */
#include "arch/hart.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "base/hart.h"
#include "sync/lockorder.h"

bool fake_irq_on = true;
struct hart *fake_hart;
uint64_t fake_time;
bool hart_several;

void hart_stop_here(void)
{
	__builtin_abort();
}

struct lockorder *lockorder_this_hart(void)
{
	static struct lockorder held;

	return &held;
}

void arch_hart_wait_until(uint64_t ticks)
{
	(void)ticks;
}
