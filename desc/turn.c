/* SPDX-License-Identifier: MIT */
/* Exclusive use that may last long, such as one write to a terminal. */
#include "desc/turn.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "proc/thread.h"
#include "proc/wait.h"

void turn_init(struct turn *turn)
{
	turn->taken = 0;
	waitq_init(&turn->queue);
}

int turn_take(struct turn *turn, bool nonblock)
{
	for (;;) {
		uint64_t seq = waitq_sample(&turn->queue);
		int err;

		if (atomic_cas(&turn->taken, 0, 1))
			return 0;
		if (nonblock)
			return -EAGAIN;
		err = thread_wait_interruptible(&turn->queue, seq);
		if (err)
			return err;
	}
}

void turn_give(struct turn *turn)
{
	atomic_store(&turn->taken, 0);
	waitq_wake_all(&turn->queue);
}

int turn_pause(void)
{
	int err = vm_pause();

	return !err && current_signalled() ? -EINTR : err;
}
