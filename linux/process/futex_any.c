/* SPDX-License-Identifier: MIT */
/* Sleeping until one of several futex words changes. */
/*
 * A thread that waits for several words has a sleeper for each, which joins on its own. A wake may
 * come before the last one has joined: it stays in the sleeper that was woken, and is found when the
 * thread leaves.
 */
#include "linux/process/futex_any.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "mm/phys/kmalloc.h"
#include "proc/futex_sleeper.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "sync/waitq.h"

/* Sets up a sleeper for each word. Returns 0 or an error of the first bad word; then there is none. */
static int make_sleepers(struct futex_sleeper *sleepers, const struct futex_expected *expected,
			 unsigned n, struct waitq *queue)
{
	for (unsigned i = 0; i < n; i++) {
		int err = futex_check_word(expected[i].word);

		sleepers[i] =
			(struct futex_sleeper){ .bits = FUTEX_BITSET_MATCH_ANY, .queue = queue };
		if (!err)
			err = futex_key(expected[i].word, &sleepers[i].key);
		if (err) {
			while (i)
				memory_key_put(&sleepers[--i].key);
			return err;
		}
	}
	return 0;
}

/* Of n sleepers that have joined, returns the index of the last one that was woken, or -1. */
static int leave_all(struct futex_sleeper *sleepers, unsigned n)
{
	int woken = -1;

	for (unsigned i = 0; i < n; i++)
		if (futex_sleeper_leave(&sleepers[i]))
			woken = (int)i;
	return woken;
}

static int wait_any(struct futex_sleeper *sleepers, const struct futex_expected *expected,
		    unsigned n, const struct deadline *deadline)
{
	unsigned joined = 0;
	int err = 0, woken;

	while (joined < n && !err) {
		err = futex_sleeper_join_if(&sleepers[joined], expected[joined].word.at,
					    expected[joined].value);
		joined += !err;
	}
	if (!err)
		err = futex_sleep(sleepers, n, deadline);
	woken = leave_all(sleepers, joined);
	return woken < 0 ? err : woken;
}

int futex_wait_any(const struct futex_expected *expected, unsigned n,
		   const struct deadline *deadline)
{
	size_t size = n * sizeof(struct futex_sleeper);
	size_t pages = kmalloc_size(size) / PAGE_SIZE;
	struct futex_sleeper *sleepers = mem_wait_kmalloc(size);
	struct waitq queue;
	int result;

	if (!sleepers)
		return -ENOMEM;
	counter_add(&current_process()->kept, pages);
	waitq_init(&queue);
	result = make_sleepers(sleepers, expected, n, &queue);
	if (!result) {
		result = wait_any(sleepers, expected, n, deadline);
		for (unsigned i = 0; i < n; i++)
			memory_key_put(&sleepers[i].key);
	}
	kfree(sleepers);
	counter_add(&current_process()->kept, -pages);
	return result;
}
