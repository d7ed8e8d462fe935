/* SPDX-License-Identifier: MIT */
/* The scheduler: run queues, and switching between threads. */
#pragma once

#include "arch/timer.h"
#include "lib/bits.h"
#include "lib/types.h"

struct hart;
struct mmu;
struct spinlock;
struct thread;

/* A time slice. It is so long for threads whose weight is WEIGHT_USUAL; others have slices by their weights. */
#define SLICE_MS     10
#define WEIGHT_USUAL 1024

/* Called once, during boot, before any thread is created. */
void sched_init(void);

/* Called once, during boot, with interrupts off: leaves the boot stack and runs threads. */
void sched_start(void) __attribute__((noreturn));

/*
 * For another hart: sets what runs on it when it is counted; and, called there with interrupts off, begins to run threads.
 */
void sched_add_hart(struct hart *hart, struct thread *idle);
void sched_start_other(void) __attribute__((noreturn));

/* Lets all others that are ready run. Call with preemption and interrupts on and no spinning lock held. */
void sched_yield(void);

/* Lets others run as sched_yield() does, but a thread that has not had its turn goes on with it soon. Call if need_resched(). */
void sched_give_way(void);

/*
 * Lets other threads run until none is left that was preempted in the kernel: all are asleep, in
 * user mode, or have yielded. Other harts are idle then. Returns with preemption disabled; sched_go_on()
 * enables it, and the other harts go on. Preconditions as for sched_yield(). Panics if a hart does not come to rest.
 */
void sched_let_finish(void);
void sched_go_on(void);

/*
 * The next wake-up of the thread queues it behind all that are ready, as if it had not slept: for new
 * threads, and for waits after which many compute. Call for a new thread or the running one.
 */
void sched_wake_last(struct thread *thread);

/* Makes the running thread yield before it returns to user mode, or at a preemption point. */
void sched_yield_soon(void);

/* Whether the scheduler wants the running thread to yield. */
static inline bool need_resched(void);

/*
 * Sleeping takes two steps, so that no wake-up between them is lost:
 *	sched_sleep_prepare();	from here on thread_wake() ends the sleep
 *	...check whether to sleep at all; enqueue...
 *	sched_sleep();		or sched_sleep_cancel()
 * Used by proc/wait.c. All other code calls thread_wait().
 */
void sched_sleep_prepare(void);
void sched_sleep(void);
void sched_sleep_cancel(void);

/*
 * Ends the running thread: switches away for good. thread_destroy() frees its memory after
 * sched_wait_left(). Call with preemption disabled, and disabled since before any other thread
 * could find out that this one may be freed.
 */
void sched_leave(void) __attribute__((noreturn));

/*
 * Waits until a thread has completely left its hart, so that its memory may be freed. The thread
 * must not be running any more, except for its switch away, and must not be woken again. So this is soon, and
 * no other thread runs here meanwhile: an idle thread that waits would run again only when its hart is idle.
 * Preconditions as for sched_yield().
 */
void sched_wait_left(struct thread *thread);

/* Whether the thread has left its hart for good, or is about to. */
bool sched_has_ended(const struct thread *thread);

/* Whether the thread is neither on a hart nor ready to run. It may change at any time. */
bool sched_is_asleep(const struct thread *thread);

/*
 * Returns when a thread that is asleep has left its hart, or 0 if it is not. If a second answer is the same, it has not run
 * in between. Call with no run queue's lock held.
 */
uint64_t sched_asleep_since(const struct thread *thread);

/*
 * Makes a sleeping or new thread runnable; no effect on others. May be called in any context, with
 * any lock held except a run queue's.
 */
void thread_wake(struct thread *thread);

/*
 * Wakes the thread. When the running thread sleeps next, the woken one runs at once, for the rest of the
 * slice: of two threads that work for each other, neither waits for those that are ready. Call with
 * preemption off.
 */
void sched_hand_over(struct thread *thread);

/*
 * Wakes the thread, lets it run, and sleeps until it is woken, if nothing stands against it: the scheduler
 * does not want the hart, no signal or kill has come, the other thread does not just go to sleep.
 * Releases `held`, the only spinning lock that the caller holds. Returns whether the caller runs again because another thread has
 * switched over to it: then it sees all that the other thread did before. Else anyone may have woken it, or it has not slept, and it
 * looks at everything anew. Call with interrupts off, as they are on return, and with preemption on.
 */
bool sched_switch_over(struct thread *to, struct spinlock *held);

/*
 * Has a thread of a process run with a policy, priority, nice value and weight: `any` of struct sched_wish. One that runs has a
 * shorter slice at once. For proc/loan.c, which says as what a thread runs.
 */
void sched_run_as(struct thread *thread, uint64_t any);

/* The load average over one, five and fifteen minutes, multiplied by 2^LOAD_SHIFT (proc/load.h). */
void sched_load(uint64_t average[3]);

/* The length of its slice now in ticks; of SCHED_RR that among its equals, and 0 of SCHED_FIFO, which has none. */
uint64_t sched_slice(const struct thread *thread);

/*
 * The harts that a thread may run on, as bits by index; what it creates may run on the same. sched_set_harts() takes some of
 * hart_mask(). A thread that runs elsewhere leaves when it returns to user mode, at once if it is the caller, by
 * sched_move(), which ARCH_WORK_MOVE asks for. Call sched_move() with preemption on.
 */
void sched_set_harts(struct thread *thread, uint64_t harts_mask);
uint64_t sched_harts(const struct thread *thread);
void sched_move(void);

/*
 * Has a thread make a FENCE.I before it enters user mode, if it or its memory asks for one wherever it moves to another hart
 * (PR_RISCV_SET_ICACHE_FLUSH_CTX). For a new one that is not queued yet, or with the lock of its hart's run queue held.
 */
void sched_text_follows(struct thread *thread);

/* The times of a thread at one moment, in ticks of arch_time(). None of them goes back. */
struct thread_times {
	uint64_t ran;	  /* spent on harts, including the present run */
	uint64_t sampled; /* the part of it up to the last sample, if the thread runs */
	uint64_t kernel;  /* the part of that which was sampled in kernel mode */
};
/* Needs no lock, and takes none of a thread that does not run. */
static inline struct thread_times thread_times(const struct thread *thread);
struct thread_times sched_times_of_running(const struct thread *thread);

static inline uint64_t thread_ran_ticks(const struct thread *thread);
/* The part in user mode which no later sample takes back: of a running thread, up to the last one. */
static inline uint64_t thread_user_ticks(const struct thread *thread);

/* What a hart has done since boot, in ticks. None of these goes back. */
struct hart_times {
	uint64_t user, kernel, idle;
};
struct hart_times sched_hart_times(struct hart *hart);

/* For the idle thread: waits for an interrupt while no thread is ready, then lets others run. */
void sched_idle(void);

/* Makes `mmu` the address space of the running thread. NULL: it has none. */
void sched_use_mmu(struct mmu *mmu);

/* The first function that a new thread calls. Called with interrupts off; turns them on. */
void sched_first(void);

/*
 * Sets the length of time slices in ticks, on this hart with immediate effect, on others from their
 * next tick on, and returns the old length. For tests that the end of a slice must not disturb, however slow the machine. Call when
 * threads run.
 */
uint64_t sched_slice_set(uint64_t ticks);

/*
 * For tests that are about what one hart does: with `held`, every thread, the caller too, runs on the boot hart from the
 * return on, and the other harts idle, until a call without. They get fences and answer interrupts as before. Not for two
 * at once. Preconditions as for sched_yield().
 */
void sched_hold_others(bool held);

/* For tests: whether the running thread is the only one that runs or is ready, on any hart. It may change at any time. */
bool sched_is_quiet(void);

/*
 * Called by each timer interrupt, with interrupts off: charges the time since the last sample to
 * user or kernel mode, whichever was interrupted.
 */
void sched_sample(bool user);

#include "proc/thread.h"

/*
 * The times of a thread that does not run stay as they are. A hart that switches away from the thread stores them
 * before it clears `on_hart`. A hart that switches to the thread stores since_tick first, and adds samples of the new run after that.
 * So if the times have a sample of a new run, since_tick has changed.
 */
UNCHECKED static inline struct thread_times thread_times(const struct thread *thread)
{
	uint64_t since = __atomic_load_n(&thread->since_tick, __ATOMIC_ACQUIRE);
	struct thread_times times;

	if (likely(!__atomic_load_n(&thread->on_hart, __ATOMIC_ACQUIRE))) {
		times.ran = times.sampled = __atomic_load_n(&thread->ran_ticks, __ATOMIC_ACQUIRE);
		times.kernel = __atomic_load_n(&thread->kernel_ticks, __ATOMIC_ACQUIRE);
		if (likely(since == atomic_load_relaxed(&thread->since_tick)))
			return times;
	}
	return sched_times_of_running(thread);
}

UNCHECKED static inline uint64_t thread_ran_ticks(const struct thread *thread)
{
	return thread_times(thread).ran;
}

UNCHECKED static inline uint64_t thread_user_ticks(const struct thread *thread)
{
	struct thread_times times = thread_times(thread);

	return times.sampled - MIN(times.kernel, times.sampled);
}

/*
 * Returns the part of `ran` to be told as user time, where `kernel` was sampled in the kernel. A sample there charges all time
 * since the last one to the kernel, also what was told as user time. That stays user time, as *told keeps it, and the
 * kernel has as much less until `ran` has grown: so neither part goes back. For that, `ran` and `kernel` must have been read since
 * *told was changed last: call with a lock that guards it, and has been held since before they were.
 */
UNCHECKED static inline uint64_t sched_user_ticks(uint64_t *told, uint64_t ran, uint64_t kernel)
{
	*told = MAX(*told, ran - MIN(kernel, ran));
	return MIN(*told, ran);
}

static inline bool need_resched(void)
{
	return __atomic_load_n(&current_thread()->arch.work, __ATOMIC_RELAXED) & ARCH_WORK_RESCHED;
}
