/* SPDX-License-Identifier: MIT */
/* The running hart and the running thread's arch part. */
#pragma once

#include "lib/types.h"

struct hart;	    /* base/hart.h */
struct arch_thread; /* arch/context.h */

/*
 * arch-impl/hart.h supplies:
 *   struct arch_thread *arch_this_thread(void)   the running thread's arch part (a boot-time one
 *                                                before threads)
 *   struct arch_preempt *arch_preempt(void)      whether the running thread may lose its hart
 *                                                (arch/preempt.h)
 *   void arch_preempt_point(void)                calls preempt_schedule() (sync/preempt.h) where that
 *                                                word is 0; cheap where it is not, so that it may
 *                                                stand in functions that call nothing else
 *   struct hart *arch_this_hart(void)            this hart's data
 *   void arch_hart_set(struct hart *)            once per hart, at its start
 *   void arch_icache_sync(void)                  makes what was stored as instructions visible to
 *                                                this hart's fetches
 */
#include "arch-impl/hart.h"

/* Waits for an interrupt. => interrupts off; returns when one is pending, still off */
void arch_hart_wait(void);

/* Stops this hart for good. */
void arch_hart_stop(void) __attribute__((noreturn));
