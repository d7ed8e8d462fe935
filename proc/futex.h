/* SPDX-License-Identifier: MIT */
/* Futexes: sleeping until a word of memory changes, and locks whose owner died. */
#pragma once

#include "lib/types.h"

struct process;

/*
 * All: a word is a user address, aligned; shared: it may lie in memory that other spaces share (else
 * only those find its sleepers who use this space). No lock of a program is known here, only words.
 * => no spinning lock held
 */
struct futex_word {
	vaddr_t at;
	bool shared;
};

/* Once, at boot, before there are processes. */
void futex_init(void);

/*
 * Sleeps while the word is `value`, until it is woken for a bit of `bits`, or the tick *deadline
 * (NULL: none) has come. 0; -EAGAIN: it is another value; -EFAULT; -EINTR; -ETIMEDOUT.
 */
int futex_wait(struct futex_word word, uint32_t value, uint32_t bits, const uint64_t *deadline);

/* Wakes up to max, one at least, of those who wait for a bit of `bits`: their count, or -EFAULT. */
long futex_wake(struct futex_word word, unsigned max, uint32_t bits);

/*
 * Wakes up to max_wake who wait for `from`, and lets up to max_move others wait for `to` instead,
 * where the word `from` is still *value (NULL: whatever it is). The count of both; -EAGAIN, -EFAULT.
 */
long futex_requeue(struct futex_word from, struct futex_word to, unsigned max_wake,
		   unsigned max_move, const uint32_t *value);

/*
 * Changes the second word as `op` says (FUTEX_OP in abi/futex.h), wakes up to max of the first, and,
 * where the old value compares so, up to max2 of the second. The count; -EFAULT, -ENOSYS.
 */
long futex_wake_op(struct futex_word word, struct futex_word second, unsigned max, unsigned max2,
		   uint32_t op);

/*
 * The running process leaves its memory: words of its robust list that it owns say that it died, and
 * one sleeper of each is woken. Bounded, whatever the list holds. => its space is active
 */
void futex_robust_exit(struct process *process);
