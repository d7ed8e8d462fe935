/* SPDX-License-Identifier: MIT */
/* The word that tells whoever shares a process's memory that the process has left it. */
#include "proc/child_tid.h"

#include "abi/futex.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "proc/futex.h"
#include "proc/process.h"

/* As on Linux nothing is written that nobody else could see, and an address that can't be written is no error. */
static void tell(vaddr_t at)
{
	const struct futex_word word = { .at = at, .shared = true };
	const int zero = 0;

	if (user_copy_out(at, &zero, sizeof(zero)) == 0 && IS_ALIGNED(at, sizeof(zero)))
		(void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY);
}

void child_tid_clear(struct process *process)
{
	if (process->clear_tid && atomic_load_relaxed(&process->uspace->refs) > 1)
		tell(process->clear_tid);
	process->clear_tid = 0;
}
