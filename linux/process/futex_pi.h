/* SPDX-License-Identifier: MIT */
/* Futexes with priority inheritance: locks whose word says who has them, so that the kernel knows for whom a thread waits. */
#pragma once

#include "linux/process/pi_queue.h"
#include "proc/futex.h"

/*
 * A lock is 0 or the number of its owner, with FUTEX_WAITERS if the kernel has to be asked to unlock it, and
 * FUTEX_OWNER_DIED if the last one ended with it. All check the words.
 */

/*
 * Takes the lock for the running thread, or waits for it until *deadline (NULL: without one). Returns 0; -EAGAIN if it is
 * another's and `tries`; -EDEADLK if the thread has it, or its owner waits for one that the thread has; -EINVAL if the word
 * does not go with those who wait for it; -ESRCH if its owner does not exist; -EFAULT, -EINTR, -ENOMEM or -ETIMEDOUT.
 */
int futex_pi_lock(struct futex_word lock, bool tries, const struct deadline *deadline);

/*
 * Unlocks it for its owner, the running thread: its first waiter is the next one. Returns 0; -EPERM if another thread has it;
 * -EAGAIN if the program changes the word meanwhile; -EFAULT, -EINTR, -EINVAL or -ENOMEM.
 */
int futex_pi_unlock(struct futex_word lock);

/*
 * Sleeps if the word is `value`, until futex_pi_requeue() has moved the thread to the lock and that is its own, or until
 * *deadline. Returns 0; -EAGAIN if it has another value, or a signal comes after the thread was moved; -EINVAL if both are
 * one word; -EFAULT, -EINTR, -ENOMEM or -ETIMEDOUT.
 */
int futex_pi_wait(struct futex_word word, uint32_t value, struct futex_word lock,
		  const struct deadline *deadline);

/*
 * Has up to 1 + max threads that wait for the word wait for the lock instead, or has the first one take it, provided that
 * the word is `value`. Returns how many; -EAGAIN if it is not; -EINVAL if they wait to be moved elsewhere, or both are one
 * word; else as futex_pi_lock(), for the first thread that cannot be moved.
 */
long futex_pi_requeue(struct futex_word word, struct futex_word lock, unsigned max, uint32_t value);

/* Whether threads wait for the word by the functions above: then other commands that would wake them are refused. */
bool futex_pi_is_waited_for(struct futex_word word);

/* A quick look: false where no thread does. */
static inline bool futex_pi_is_used(void)
{
	return unlikely(atomic_load_relaxed(&pi_nqueues));
}
