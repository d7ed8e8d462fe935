/* SPDX-License-Identifier: MIT */
/* The fake machine's one hart and one thread. */
#pragma once

#include "arch/preempt.h"

struct hart;
struct arch_thread;

extern struct hart *fake_hart;

static inline struct hart *arch_this_hart(void)
{
	return fake_hart;
}

static inline void arch_hart_set(struct hart *hart)
{
	fake_hart = hart;
}

/*
 * Threads of a host that has few processors for them: who spins must let the one go on whose turn it is.
 * (<unistd.h> would bring too much.)
 */
int usleep(unsigned int microseconds);

static inline void arch_io_fence(void)
{
}

static inline void arch_spin_pause(void)
{
	(void)usleep(1);
}

static inline unsigned long arch_swap_acquire(uint32_t *word, uint32_t value)
{
	return __atomic_exchange_n(word, value, __ATOMIC_ACQUIRE);
}

static inline void arch_clear_release(uint32_t *word)
{
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

struct arch_thread *arch_this_thread(void);

/* The count is kept, so that tests can look at it; nobody ever wants the hart. */
__attribute__((weak)) struct arch_preempt fake_preempt = ARCH_PREEMPT_INIT(0);

static inline struct arch_preempt *arch_preempt(void)
{
	return &fake_preempt;
}

static inline void arch_preempt_point(void)
{
}

static inline void arch_call_seldom(void (*function)(void *), void *arg)
{
	function(arg);
}
