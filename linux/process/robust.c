/* SPDX-License-Identifier: MIT */
/* Robust futexes, whose owner may die. */
#include "linux/process/robust.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "lib/bits.h"
#include "linux/process/task.h"
#include "mm/fault/user_copy.h"
#include "mm/vm_wait.h"
#include "proc/futex.h"

/*
 * The running thread died while it owned the word, or (pending) while it was acquiring or releasing it:
 * marks the word and wakes a waiter. Returns 0, or -EFAULT if the list cannot be followed further.
 */
static int owner_died(vaddr_t at, bool pi, bool pending)
{
	struct futex_word word = { .at = at, .shared = true };
	uint32_t old, found;

	if (!IS_ALIGNED(at, sizeof(uint32_t)) || user_load_word(&found, at))
		return -EFAULT;
	if (pending && !pi && found == 0) {
		/* The word was released, but no waiter was woken yet. */
		(void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY);
		return 0;
	}
	do {
		if ((found & FUTEX_TID_MASK) != (uint32_t)current_thread()->tid)
			return 0;
		old = found;
		if (user_cas_word(at, &found, (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return -EFAULT;
	} while (found != old);
	if (!pi && (old & FUTEX_WAITERS))
		(void)futex_wake(word, 1, FUTEX_BITSET_MATCH_ANY);
	return 0;
}

/* An entry of a robust list. The lowest bit of its address is a flag of the word. */
struct entry {
	vaddr_t at;
	bool pi;
};

static struct entry entry_of(uint64_t pointer)
{
	return (struct entry){ .at = pointer & ~(uint64_t)ROBUST_LIST_PI,
			       .pi = pointer & ROBUST_LIST_PI };
}

static void robust_list_walk(vaddr_t at, const struct abi_robust_list_head *head)
{
	struct entry pending = entry_of(head->list_op_pending);
	struct entry entry = entry_of(head->list.next);

	for (unsigned n = 0; entry.at != at && n < ROBUST_LIST_LIMIT; n++) {
		struct abi_robust_list links;
		/* Read before the word is released, because the next owner may change the links. */
		int err = user_copy_in(&links, entry.at, sizeof(links));

		if (entry.at != pending.at &&
		    owner_died(entry.at + (uint64_t)head->futex_offset, entry.pi, false))
			return;
		if (err)
			return;
		entry = entry_of(links.next);
		(void)vm_pause();
	}
	if (pending.at)
		(void)owner_died(pending.at + (uint64_t)head->futex_offset, pending.pi, true);
}

void futex_robust_exit(void)
{
	struct task *task = current_task();
	struct abi_robust_list_head head;

	if (task->robust_list && user_copy_in(&head, task->robust_list, sizeof(head)) == 0)
		robust_list_walk(task->robust_list, &head);
	task->robust_list = 0;
}
