/* SPDX-License-Identifier: MIT */
/* Sleeping on a wait queue until woken, interrupted or killed. */
#pragma once

#include "base/wall_clock.h"
#include "mm/vm_wait.h"
#include "sync/waitq.h"

/*
 * The pattern of every caller:
 *	for (;;) {
 *		spin_lock(&thing->lock);
 *		if (ready) ...unlock and return;
 *		seq = waitq_sample(&thing->queue);
 *		spin_unlock(&thing->lock);
 *		err = thread_wait(&thing->queue, seq);
 *		if (err) return err;
 *	}
 */

/*
 * Sleeps until the queue is woken. Returns at once if it was woken after `seq` was sampled. Returns
 * 0, or -EINTR if the thread has been killed; 0 too if it was killed and woken, so that the wake-up
 * of waitq_wake_one() is not lost. Call with no spinning lock held; waiting locks may be held.
 */
int thread_wait(struct waitq *queue, uint64_t seq);

/* Like thread_wait(), but any signal that must be acted upon ends the wait with -EINTR. */
int thread_wait_interruptible(struct waitq *queue, uint64_t seq);

/* With -EINTR, the system call is restarted if the program asked for that (SA_RESTART). Returns `err`. */
int thread_mark_restart(int err);

/*
 * Like thread_wait_interruptible(), for a fault from user mode: no system call is restarted, because the faulting
 * instruction is executed again.
 */
int thread_wait_fault(struct waitq *queue, uint64_t seq);

/* Like thread_wait(), but returns -ETIMEDOUT at the tick `deadline` of arch_time(). */
int thread_wait_until(struct waitq *queue, uint64_t seq, uint64_t deadline);

int thread_wait_interruptible_until(struct waitq *queue, uint64_t seq, uint64_t deadline);
/* Waits up to a deadline of either clock. One of the wall clock moves when that is set. */
int thread_wait_interruptible_deadline(struct waitq *queue, uint64_t seq,
				       const struct deadline *deadline);

/*
 * Sleeps until *done is not 0, without a queue: for a thread that is waited for by name. The
 * thread that ends the sleep sets *done and calls thread_wake() or sched_hand_over(). It keeps the sleeper
 * from returning meanwhile, by a lock that the sleeper takes afterwards. Returns 0; -EINTR after a kill,
 * or with `interruptible` any signal that must be acted upon; -ETIMEDOUT at the tick `deadline`
 * (UINT64_MAX: never). Call with no spinning lock held.
 */
int thread_park(const uint32_t *done, bool interruptible, uint64_t deadline);
/* As thread_park(), but it also ends, as at its deadline, once *again is set. */
int thread_park_again(const uint32_t *done, bool interruptible, uint64_t deadline,
		      const bool *again);
/* thread_park_again() with `interruptible`, up to a deadline of either clock; NULL: none. again: NULL as with thread_park(). */
int thread_park_deadline(const uint32_t *done, const struct deadline *deadline, const bool *again);

/*
 * As thread_park_again() without a deadline, but a signal does not end it, and a kill only with `killable`. Returns false if a kill
 * has ended it.
 */
bool thread_park_for_lock(const uint32_t *done, bool killable, const bool *again);

/* Like thread_wait(), but not even a kill ends the wait. For tear-down. */
void thread_wait_always(struct waitq *queue, uint64_t seq);

/* Like thread_wait_always(), with a deadline. It may return early without a reason, so the caller checks again. */
void thread_sleep_always(struct waitq *queue, uint64_t seq, uint64_t deadline);
