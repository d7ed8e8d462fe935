/* SPDX-License-Identifier: MIT */
/* The data of each hart. */
#include "base/hart.h"

#include "arch/harts.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/panic.h"
#include "lib/bits.h"

_Static_assert(HART_MAX <= 64, "sets of harts are words");

/* Each is guarded as struct hart says; the numbers are const after boot. */
struct hart harts[HART_MAX];
unsigned hart_count;
bool hart_several;

struct hart *hart_prepare(unsigned long id)
{
	struct hart *hart = &harts[hart_count];

	if (hart_count == HART_MAX)
		return NULL;
	hart->index = hart_count;
	hart->bit = 1ul << hart_count;
	hart->id = id;
	timerq_init(&hart->timers);
	return hart;
}

void hart_add(struct hart *hart)
{
	assert(hart == &harts[hart_count]);
	hart_several = hart_count > 0;
	__atomic_store_n(&hart_count, hart_count + 1, __ATOMIC_SEQ_CST);
}

void hart_init(unsigned long id)
{
	struct hart *hart = hart_prepare(id);

	arch_hart_set(hart);
	hart_add(hart);
}

void hart_kick(struct hart *hart, uint32_t reason)
{
	__atomic_fetch_or(&hart->kicks, reason, __ATOMIC_SEQ_CST);
	hart_count_event(HART_KICKS);
	if (!arch_hart_kick(hart) && !(reason & HART_KICK_STOP))
		panic("the firmware can't interrupt hart %lu", hart->id);
}

void hart_stop_here(void)
{
	__atomic_store_n(&hart_this()->stopped, true, __ATOMIC_RELEASE);
	arch_hart_stop();
}

#define STOP_NS (NSEC_PER_SEC / 10)

uint64_t hart_stop_others(void)
{
	const struct hart *self = hart_this();
	uint64_t begin = arch_time();
	uint64_t left = 0;

	for (unsigned i = 0; i < hart_count; i++)
		if (&harts[i] != self)
			hart_kick(&harts[i], HART_KICK_STOP);
	do {
		left = 0;
		for (unsigned i = 0; i < hart_count; i++)
			if (&harts[i] != self && !atomic_load(&harts[i].stopped))
				left |= 1ul << i;
	} while (left && arch_time() - begin < clock_ns_to_ticks(STOP_NS));
	return left;
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
