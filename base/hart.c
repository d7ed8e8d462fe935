/* SPDX-License-Identifier: MIT */
/* The data of each hart. */
#include "base/hart.h"

#include "base/panic.h"
#include "lib/bits.h"

struct hart harts[HART_MAX];
unsigned hart_count;

struct hart *hart_init(unsigned long id)
{
	struct hart *hart;

	assert(hart_count < HART_MAX);
	hart = &harts[hart_count];
	hart->index = hart_count;
	hart->id = id;
	timerq_init(&hart->timers);
	arch_hart_set(hart);
	hart->online = true;
	hart_count++;
	return hart;
}

uint64_t hart_fault_sum(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < hart_count; i++)
		sum += harts[i].faults.count;
	return sum;
}

uint64_t hart_counter_sum(enum hart_counter which)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < hart_count; i++)
		sum += harts[i].counters[which];
	return sum;
}

#ifdef FAULTLINE_HARDENED
/* Nothing is checked during a panic, because its report must get through. */
UNCHECKED struct lockorder *lockorder_this_hart(void)
{
	return hart_count == 0 || panic_begun() ? NULL : &arch_this_hart()->locks;
}
#endif

#ifdef FAULTLINE_LATENCY
/* Panics and power-off are not measured: they turn interrupts off by arch_irq_disable(). */
UNCHECKED struct latency *latency_this_hart(void)
{
	return hart_count == 0 ? NULL : &arch_this_hart()->latency;
}
#endif
