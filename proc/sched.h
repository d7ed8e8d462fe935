/* SPDX-License-Identifier: MIT */
/* Who runs: the run queues, switching, and when it may happen. */
#pragma once

#include "lib/types.h"

struct mmu;
struct thread;

#define SLICE_MS 10

/* Boot: once, before any thread is made. */
void sched_init(void);

/*
 * Boot: leaves the boot stack for good and runs threads on this hart. => interrupts off; never
 * returns
 */
void sched_start(void) __attribute__((noreturn));

/* Lets others run, if there are any. => no spinning lock held, preemption and interrupts on */
void sched_yield(void);

/*
 * Lets others run until nobody waits who was preempted in the kernel: all are asleep, in user mode,
 * or have asked to yield. Preemption is off then, for the caller to enable. => as sched_yield()
 */
void sched_let_finish(void);

/* The running thread does so before user mode, or at the next preemption point (sync/preempt.h). */
void sched_yield_soon(void);

/* The scheduler wants the hart. */
static inline bool need_resched(void);

/*
 * Sleeping, in two steps, so that no wake-up between them is lost:
 *	sched_sleep_prepare();	from here on thread_wake() ends the sleep
 *	...look whether to sleep at all; enqueue...
 *	sched_sleep();		or sched_sleep_cancel()
 * Used by proc/wait.c; everyone else calls thread_wait().
 */
void sched_sleep_prepare(void);
void sched_sleep(void);
void sched_sleep_cancel(void);

/*
 * Ends the running thread: switches away for good; its memory is freed by thread_destroy(), after sched_wait_left().
 * => preemption off, since before anybody could find that it may be freed
 */
void sched_leave(void) __attribute__((noreturn));

/*
 * Waits until a thread that is not running, and never will unless it is woken, is wholly off its
 * hart: its memory may be freed then. => as sched_yield()
 */
void sched_wait_left(struct thread *thread);

/* Does it wait, neither on a hart nor ready to run? It may have changed when this answers. */
bool sched_is_asleep(const struct thread *thread);

/*
 * Makes a sleeping or new thread runnable. No effect on others. => any lock but a run queue's; any
 * context
 */
void thread_wake(struct thread *thread);

/* The ticks of arch_time() that it has spent on harts, up to now where it is the running one. */
uint64_t thread_ran_ticks(const struct thread *thread);

/* For the idle thread: waits for an interrupt while nothing is ready, then lets others run. */
void sched_idle(void);

/* What user addresses mean to the running thread from now on; NULL: nothing. */
void sched_use_mmu(struct mmu *mmu);

/*
 * The first thing that a new thread does when it is first switched to. => interrupts off; on from
 * then on
 */
void sched_first(void);

/*
 * Makes slices so long from now on, on this hart at once; their length before. For tests that no end
 * of a slice may disturb, however slow the machine. => threads run
 */
uint64_t sched_slice_set(uint64_t ticks);

/*
 * From each timer interrupt: charges the time since the last one to the mode that was found. =>
 * interrupts off
 */
void sched_sample(bool user);

#include "proc/thread.h"

static inline bool need_resched(void)
{
	return __atomic_load_n(&current_thread()->arch.work, __ATOMIC_RELAXED) & ARCH_WORK_RESCHED;
}
