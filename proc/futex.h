/* SPDX-License-Identifier: MIT */
/* Futexes: sleeping until a word of memory changes. */
#pragma once

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/types.h"
#include "mm/fault/user_copy.h"

struct deadline;
struct process;

/*
 * A futex word. `at` is an aligned user address. With `shared`, the word may lie in memory shared
 * with other spaces; otherwise only threads of this space can find its sleepers. The kernel knows
 * only words, not the locks that a program makes of them. Call all functions below with no spinning
 * lock held.
 */
struct futex_word {
	vaddr_t at;
	bool shared;
};

/* Called once, during boot, before there are processes. */
void futex_init(void);

/* For the ledger: finds the references of those who sleep. */
void futex_find_held(void);

/* Returns 0, -EINVAL if the word is not aligned, or -EFAULT if it is not in user memory. */
static inline int futex_check_word(struct futex_word word)
{
	if (!IS_ALIGNED(word.at, sizeof(uint32_t)))
		return -EINVAL;
	return user_range_ok(word.at, sizeof(uint32_t)) ? 0 : -EFAULT;
}

/*
 * For all that follow: the words must have passed that check, unless they say otherwise.
 *
 * Sleeps if the word is `value`, until a wake for a bit of `bits` or until *deadline
 * (NULL: no deadline). Returns 0, -EAGAIN if the word has another value, -EFAULT, -EINTR or
 * -ETIMEDOUT.
 */
int futex_wait(struct futex_word word, uint32_t value, uint32_t bits,
	       const struct deadline *deadline);

/* Wakes up to max sleepers (at least one) for a bit of `bits`. Returns how many, or -EFAULT. */
long futex_wake(struct futex_word word, unsigned max, uint32_t bits);

/*
 * Wakes up to max_wake sleepers of `from` and makes up to max_move others wait for `to` instead,
 * provided that the word `from` is still *value (NULL: in any case). Returns the sum of both,
 * -EAGAIN or -EFAULT.
 */
long futex_requeue(struct futex_word from, struct futex_word to, unsigned max_wake,
		   unsigned max_move, const uint32_t *value);

/*
 * Changes the second word as `op` says (FUTEX_OP in abi/futex.h) and wakes up to max sleepers of
 * the first word. If the old value passes the comparison in `op`, also wakes up to max2 sleepers of
 * the second. Returns how many, -EFAULT or -ENOSYS.
 */
long futex_wake_op(struct futex_word word, struct futex_word second, unsigned max, unsigned max2,
		   uint32_t op);
