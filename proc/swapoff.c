/* SPDX-License-Identifier: MIT */
/* swapoff(2): goes through the spaces of all processes. */
#include "proc/swapoff.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "mm/swap/swap.h"
#include "mm/swap/swap_io.h"
#include "mm/swap/swap_off.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/uspace.h"
#include "proc/wait.h"

/* How long to wait for spaces that are no process's: of an exec, a fork, or an end under way. */
#define WAIT_NS (NSEC_PER_SEC / 100)

/* Chooses a space that has pages on the disk. */
static void swapoff_choose(struct process *process, void *arg)
{
	struct uspace **chosen = arg;
	struct uspace *uspace = process->state == PROCESS_ZOMBIE ? NULL : process->uspace;

	if (*chosen || !uspace || atomic_load_relaxed(&uspace->space.dying) ||
	    !atomic_load_relaxed(&uspace->space.swapped))
		return;
	uspace_get(uspace);
	*chosen = uspace;
}

/* Has no process left the space to us? No process needs its pages then. */
static bool is_wanted(struct space *space)
{
	return refcount_read(&space_to_uspace(space)->refs) > 1;
}

/* Brings the pages of one process back, or those of objects. Returns 1 if that was all. */
static int swap_in_one(void)
{
	struct uspace *uspace = NULL;
	int result;

	spin_lock(&process_tree_lock);
	process_visit_all(swapoff_choose, &uspace);
	spin_unlock(&process_tree_lock);
	if (!uspace)
		return swap_in_objects() ?: 1;
	result = swap_in_space(&uspace->space, is_wanted);
	uspace_put(uspace);
	return result;
}

static int wait_a_while(void)
{
	uint64_t seq = waitq_sample(&swap_written);
	int result = thread_wait_until(&swap_written, seq, clock_deadline_in(WAIT_NS));

	return result == -ETIMEDOUT ? 0 : result;
}

int process_swap_off(struct block_device *device)
{
	int result = swap_off_begin(device);

	if (result)
		return result;
	for (;;) {
		result = swap_in_one();
		if (result == 1) {
			result = swap_off_end();
			if (!result)
				return 0;
			result = wait_a_while();
		}
		if (result)
			break;
	}
	swap_off_cancel();
	return result;
}
