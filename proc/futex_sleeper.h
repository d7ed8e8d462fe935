/* SPDX-License-Identifier: MIT */
/* A thread's place among those that wait for a futex word: for futex_wait(), and for waits of more words at once. */
#pragma once

#include "lib/list.h"
#include "mm/object/memory_key.h"
#include "proc/futex.h"

struct bucket;
struct waitq;

/* Freed by its thread, but only after that has taken the bucket's lock once more. */
struct futex_sleeper {
	struct bucket *bucket; /* changed under the locks of the old and the new one */
	/* guarded by the bucket's lock: */
	struct list link;
	struct memory_key key; /* holds a reference */
	uint64_t joined;       /* the bucket's changes when this joined it */
	bool woken;
	/* const: */
	uint32_t bits;
	struct waitq *queue; /* its thread sleeps here; its sleepers share it */
};

/* Gets the key of a checked word, for memory_key_put(). Returns 0, -EFAULT or -EINTR. */
int futex_key(struct futex_word word, struct memory_key *key_ret);

/* Adds the sleeper if the word of its key, at `at`, is `value`. Returns 0, -EAGAIN if it is not, or -EFAULT. */
int futex_sleeper_join_if(struct futex_sleeper *sleeper, vaddr_t at, uint32_t value);

/* Sleeps until one of n sleepers, which share a queue, is woken. Returns 0, -EINTR or -ETIMEDOUT. */
int futex_sleep(const struct futex_sleeper *sleepers, unsigned n, const struct deadline *deadline);

/* Removes the sleeper: afterwards no other thread refers to it. Returns whether it was woken. */
bool futex_sleeper_leave(struct futex_sleeper *sleeper);
