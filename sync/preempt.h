/* SPDX-License-Identifier: MIT */
/* Where a thread in the kernel may be preempted. */
#pragma once

#include "arch/hart.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/atomic.h"
#include "sync/latency.h"

/*
 * A thread in the kernel may be preempted anywhere, except while interrupts are off or its
 * preemption count is not 0. Each spinning lock that is taken with interrupts on raises the count.
 * If the scheduler has asked for the hart, the thread is preempted at the next of these points: the
 * tail of an interrupt (preempt_schedule_irq()), where the count falls to 0, and where the release
 * of a lock turns interrupts on.
 *
 * The count belongs to the thread and moves with it. So data of the hart may be used only with the
 * count raised, with interrupts off, or by a single atomic operation.
 */

/*
 * Runs another thread if one is ready. This thread stays queued as runnable whatever its state, so
 * one that is about to sleep does so when it runs again. No effect if interrupts are off. Supplied
 * by proc/sched.c.
 */
void preempt_schedule(void);

/*
 * preempt_schedule() at the tail of an interrupt that came in kernel mode. Call with interrupts off, when no
 * interrupt handler is running, and only if preempt_due().
 */
void preempt_schedule_irq(void);

/* A barrier for the compiler: accesses of a critical section stay inside it. */
#define preempt_barrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Whether the running thread may be preempted and the scheduler has asked for its hart. */
static inline bool preempt_due(void)
{
	return unlikely(__atomic_load_n(&arch_preempt()->word, __ATOMIC_RELAXED) == 0);
}

/* Forbids preemption until preempt_enable(). Interrupts still come. Calls may nest. */
static inline void preempt_disable(void)
{
	if (arch_preempt()->count++ == 0)
		latency_begin(LATENCY_PREEMPTION);
	preempt_barrier();
}

/* A preemption point where the count does not fall to 0. */
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
