/* SPDX-License-Identifier: MIT */
/* The running hart, and the arch part of the running thread. */
#pragma once

#include "lib/types.h"

struct hart;	    /* base/hart.h */
struct arch_thread; /* arch/context.h */

/*
 * arch-impl/hart.h supplies:
 *   struct arch_thread *arch_this_thread(void)  arch part of the running thread (of a boot-time one
 *                                               before there are threads)
 *   struct arch_preempt *arch_preempt(void)     may the running thread be preempted?
 *                                               (arch/preempt.h)
 *   void arch_preempt_point(void)               calls preempt_schedule() (sync/preempt.h) if the
 *                                               word of arch_preempt() is 0. It is cheap otherwise,
 *                                               so that leaf functions may use it.
 *   void arch_call_seldom(void (*)(void *), void *) calls a function with that argument. It takes longer than
 *                                               other calls, but a caller that seldom calls saves no
 *                                               registers for it.
 *   struct hart *arch_this_hart(void)           data of this hart
 *   void arch_hart_set(struct hart *)           called once per hart, at its start
 *   void arch_icache_sync(void)                 makes instructions that were stored visible to this
 *                                               hart's fetches
 *   void arch_io_fence(void)                    all that this hart does to memory and devices comes before
 *                                               all that it does to them afterwards
 *   void arch_spin_pause(void)                  in a loop that waits for another hart: a hint
 *   unsigned long arch_swap_acquire(uint32_t *, uint32_t) stores a word, and returns what was there; what this
 *                                               hart does to memory afterwards comes after it
 *   void arch_clear_release(uint32_t *)         stores 0; what this hart has done to memory comes before it
 */
#include "arch-impl/hart.h"

/*
 * Waits until an interrupt is pending. If that is another hart's (arch/harts.h), takes it without a trap: calls trap_kick().
 * Interrupts are off, before and after.
 */
void arch_hart_wait(void);

/* Stops this hart for good. */
void arch_hart_stop(void) __attribute__((noreturn));
