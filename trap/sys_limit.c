/* SPDX-License-Identifier: MIT */
/* prlimit64 and getrandom: what the kernel allows, and what it can't foresee. */
#include "abi/fcntl.h"
#include "abi/resource.h"
#include "abi/uio.h"
#include "base/random.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "proc/pid.h"
#include "proc/signal/send.h"
#include "proc/signal/signal.h"
#include "proc/thread.h"
#include "trap/syscall.h"

#define RANDOM_PIECE 256
#define NR_OPEN	     (1ul << 20) /* what Linux lets RLIMIT_NOFILE be at most */

/* Of another process only what a look at it allows: its limits can be read, and not changed. */
static long other_limit(int pid, unsigned resource, bool set, struct abi_rlimit64 *ret)
{
	struct process *process;
	long err = -ESRCH;

	spin_lock(&process_tree_lock);
	process = process_find(pid);
	if (process && process->state == PROCESS_ALIVE) {
		process_get_limit(process, resource, ret);
		err = set ? -EPERM : 0;
	}
	spin_unlock(&process_tree_lock);
	return err;
}

long sys_prlimit64(struct trap_frame *frame)
{
	struct process *self = current_process();
	int pid = arg_int(frame, 0);
	unsigned resource = arg_uint(frame, 1);
	vaddr_t new_at = arg_user(frame, 2), old_at = arg_user(frame, 3);
	struct abi_rlimit64 new, old;
	long err = 0;

	if (new_at && user_copy_in(&new, new_at, sizeof(new)))
		return -EFAULT;
	if (pid && pid != self->pid)
		err = resource < RLIM_NLIMITS ? other_limit(pid, resource, new_at != 0, &old)
					      : -EINVAL;
	else if (resource >= RLIM_NLIMITS || (new_at && new.cur > new.max))
		return -EINVAL;
	else if (new_at && resource == RLIMIT_NOFILE && new.max > NR_OPEN)
		return -EPERM;
	else
		process_get_limit(self, resource, &old);
	if (err)
		return err;
	if (new_at)
		process_set_limit(self, resource, &new);
	return old_at ? user_copy_out(old_at, &old, sizeof(old)) : 0;
}

long sys_getrandom(struct trap_frame *frame)
{
	vaddr_t to = arg_user(frame, 0);
	uint64_t left = MIN(arg_u64(frame, 1), (uint64_t)ABI_RW_MAX), done = 0;
	unsigned flags = arg_uint(frame, 2);
	uint8_t piece[RANDOM_PIECE];

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (left) {
		size_t n = MIN(left, (uint64_t)sizeof(piece)), went;

		random_bytes(piece, n);
		went = user_copy_out_some(to + done, piece, n);
		done += went;
		left -= went;
		if (went < n)
			return done ? (long)done : -EFAULT;
		if (current_killed())
			break;
	}
	return (long)done;
}
