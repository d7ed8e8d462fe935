/* SPDX-License-Identifier: MIT */
/* Where a thread sleeps: on a wait queue, until woken or killed. */
#pragma once

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
 * Sleeps until the queue is woken after `seq` was sampled (returns at once if that has happened).
 * 0, or -EINTR where a signal that ends the process waits. => no spinning lock held; waiting locks
 * may be
 */
int thread_wait(struct waitq *queue, uint64_t seq);

/* The same, and any signal that does something to the process ends it with -EINTR. */
int thread_wait_interruptible(struct waitq *queue, uint64_t seq);

/* The same for a fault from user mode: the instruction, no system call, is executed again. */
int thread_wait_fault(struct waitq *queue, uint64_t seq);

/* As thread_wait(), also until the tick `deadline` of arch_time(): then -ETIMEDOUT. */
int thread_wait_until(struct waitq *queue, uint64_t seq, uint64_t deadline);

int thread_wait_interruptible_until(struct waitq *queue, uint64_t seq, uint64_t deadline);

/* As thread_wait(), but a kill does not end it: for tear-down. */
void thread_wait_always(struct waitq *queue, uint64_t seq);

/* The same with a deadline, and it may end early without reason: for tear-down that looks again. */
void thread_sleep_always(struct waitq *queue, uint64_t seq, uint64_t deadline);
