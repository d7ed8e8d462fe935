/* SPDX-License-Identifier: MIT */
/* Where a thread in the kernel may lose its hart to another. */
#pragma once

#include "arch/hart.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/atomic.h"
#include "sync/latency.h"

/*
 * Anywhere, but: while its count is raised, which each spinning lock does that is taken with
 * interrupts on, and while interrupts are off. It loses it at the tail of an interrupt
 * (preempt_schedule_irq()), and where the count falls to 0 or a lock's end turns interrupts on, if
 * the scheduler has asked for the hart meanwhile. A count is the thread's own and goes with it:
 * data of the hart is used with the count raised, with interrupts off, or by one atomic operation.
 */

/*
 * Another thread runs, if one is ready, and this one is found ready whatever its state: one that is
 * about to sleep goes on to do so. Supplied by proc/sched.c. => no effect where interrupts are off
 */
void preempt_schedule(void);

/*
 * The same at the tail of an interrupt in kernel mode. => interrupts off, no handler under way;
 * preempt_due()
 */
void preempt_schedule_irq(void);

/* For the compiler: what is done in a critical section stays in it. */
#define preempt_barrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* The running thread may lose its hart, and the scheduler wants it. */
static inline bool preempt_due(void)
{
	return unlikely(__atomic_load_n(&arch_preempt()->word, __ATOMIC_RELAXED) == 0);
}

/* From here on the thread keeps its hart; interrupts come all the same. Nests. */
static inline void preempt_disable(void)
{
	if (arch_preempt()->count++ == 0)
		latency_begin(LATENCY_PREEMPTION);
	preempt_barrier();
}

/* A preemption point, for where no count falls. */
static inline void preempt_point(void)
{
	arch_preempt_point();
}

static inline void preempt_enable(void)
{
	preempt_barrier();
	assert_hardened(arch_preempt()->count != 0);
	if (arch_preempt()->count == 1)
		latency_end(LATENCY_PREEMPTION);
	arch_preempt()->count--;
	preempt_barrier();
	preempt_point();
}
