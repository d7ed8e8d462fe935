/* SPDX-License-Identifier: MIT */
/* Exclusive use that may last long, such as one write to a terminal. */
#include "desc/turn.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "proc/thread.h"
#include "proc/wait.h"

void turn_init(struct turn *turn)
{
	turn->taken = TURN_FREE;
	waitq_init(&turn->queue);
}

/* Who has waited takes it as one that is waited for: there may be others. */
static __attribute__((noinline)) int turn_wait(struct turn *turn, bool interruptible)
{
	for (;;) {
		uint64_t seq = waitq_sample(&turn->queue);
		int err;

		if (atomic_exchange(&turn->taken, TURN_WAITED_FOR) == TURN_FREE)
			return 0;
		err = interruptible ? thread_wait_interruptible(&turn->queue, seq)
				    : thread_wait(&turn->queue, seq);
		if (err)
			return err;
	}
}

int turn_take(struct turn *turn, bool nonblock)
{
	if (likely(turn_try(turn)))
		return 0;
	return nonblock ? -EAGAIN : turn_wait(turn, true);
}

int turn_take_killable(struct turn *turn)
{
	return likely(turn_try(turn)) ? 0 : turn_wait(turn, false);
}

void turn_give(struct turn *turn)
{
	if (unlikely(atomic_exchange(&turn->taken, TURN_FREE) == TURN_WAITED_FOR))
		waitq_wake_all(&turn->queue);
}

int turn_pause(void)
{
	int err = vm_pause();

	return !err && current_signalled() ? -EINTR : err;
}
