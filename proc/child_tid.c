/* SPDX-License-Identifier: MIT */
/* Clears the child-tid word, which tells those who share the memory that this thread has left it. */
#include "proc/child_tid.h"

#include "abi/futex.h"
#include "lib/bits.h"
#include "mm/fault/user_copy.h"
#include "proc/futex.h"
#include "proc/process.h"

/* As on Linux, the word is written only if another thread can see it, and errors are ignored. */
static void clear_and_wake(vaddr_t at)
{
	const struct futex_word word = { .at = at, .shared = true };
	const int zero = 0;

	if (user_copy_out(at, &zero, sizeof(zero)) == 0 && IS_ALIGNED(at, sizeof(zero)))
		(void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY);
}

void child_tid_clear(void)
{
	struct thread *thread = current_thread();

	if (thread->clear_tid && (atomic_load_relaxed(&thread->process->nlive) > 1 ||
				  refcount_read(&thread->process->uspace->refs) > 1))
		clear_and_wake(thread->clear_tid);
	thread->clear_tid = 0;
}
