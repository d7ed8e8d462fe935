/* SPDX-License-Identifier: MIT */
/* Waiting for signals themselves. */
#include "proc/signal/wait.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "proc/itimer.h"
#include "proc/process.h"
#include "proc/signal/queue.h"
#include "proc/signal/send.h"
#include "proc/wait.h"

/* Nobody wakes it: who waits here is woken as a thread. */
static struct waitq nobody = WAITQ_INIT(nobody);

void signal_mask_for_call(uint64_t mask)
{
	struct signals *signals = &current_process()->signals;
	uint64_t old;

	signal_mask(SIG_SETMASK, &mask, &old);
	signals->old_mask = old;
	signals->suspended = true;
}

void signal_mask_back(void)
{
	struct signals *signals = &current_process()->signals;
	uint64_t old;

	signals->suspended = false;
	signal_mask(SIG_SETMASK, &signals->old_mask, &old);
}

/* The old mask comes back when a handler returns, or at once where none runs. */
int signal_suspend(uint64_t mask)
{
	uint64_t seq = waitq_sample(&nobody);

	signal_mask_for_call(mask);
	while (thread_wait_interruptible(&nobody, seq) == 0)
		;
	current_thread()->restart = RESTART_SILENT;
	return -EINTR;
}

/* Takes one of set: its number, or 0. */
static int take_one(struct signals *signals, uint64_t set, struct signal_info *info_ret)
{
	if (signals->fault.sig || !signal_peek(signals, set, info_ret, NULL))
		return 0;
	spin_lock(&signals->lock);
	signal_take(signals, info_ret);
	spin_unlock(&signals->lock);
	return info_ret->sig;
}

static void set_waited(struct signals *signals, uint64_t set)
{
	spin_lock(&signals->lock);
	signals->waited = set;
	spin_unlock(&signals->lock);
}

int signal_wait(uint64_t set, uint64_t deadline, struct signal_info *info_ret)
{
	struct process *process = current_process();
	struct signals *signals = &process->signals;
	uint64_t seq = waitq_sample(&nobody);
	int sig, err = 0;

	set &= ~SIGNAL_UNBLOCKABLE;
	set_waited(signals, set);
	do {
		itimers_take(process);
		sig = take_one(signals, set, info_ret);
		if (!sig && !err)
			err = thread_wait_interruptible_until(&nobody, seq, deadline);
		else if (!sig)
			break;
	} while (!sig);
	set_waited(signals, 0);
	current_thread()->restart = RESTART_NONE;
	if (sig)
		return sig;
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

uint64_t signal_pending_set(void)
{
	struct process *process = current_process();
	struct signals *signals = &process->signals;
	uint64_t set;

	itimers_take(process);
	spin_lock(&signals->lock);
	set = signals->pending & signals->blocked;
	spin_unlock(&signals->lock);
	return set;
}
