/* SPDX-License-Identifier: MIT */
/* Waiting for signals: rt_sigsuspend, rt_sigtimedwait, rt_sigpending. */
#include "proc/signal/wait.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "proc/itimer.h"
#include "proc/process.h"
#include "proc/signal/queue.h"
#include "proc/signal/send.h"
#include "proc/wait.h"

/* This queue is never woken. Signals wake the threads that wait here by thread_wake(). */
static struct waitq never_woken = WAITQ_INIT(never_woken);

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

/* The old mask is restored when a handler returns, or at once if none runs. */
int signal_suspend(uint64_t mask)
{
	uint64_t seq = waitq_sample(&never_woken);

	signal_mask_for_call(mask);
	while (thread_wait_interruptible(&never_woken, seq) == 0)
		;
	current_thread()->restart = RESTART_SILENT;
	return -EINTR;
}

/* Takes a signal of `set`. Returns its number, or 0 if none is pending. */
static int take_one(struct signals *signals, uint64_t set, struct signal_info *info_ret)
{
	bool taken = false;

	/* SIGCONT may discard what was found. */
	while (!taken && !signals->fault.sig && signal_peek(signals, set, info_ret, NULL)) {
		spin_lock(&signals->lock);
		taken = signal_take(signals, info_ret);
		spin_unlock(&signals->lock);
	}
	return taken ? info_ret->sig : 0;
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
	uint64_t seq = waitq_sample(&never_woken);
	int sig, err = 0;

	set &= ~SIGNAL_UNBLOCKABLE;
	set_waited(signals, set);
	do {
		itimers_take(process);
		sig = take_one(signals, set, info_ret);
		if (!sig && !err)
			err = thread_wait_interruptible_until(&never_woken, seq, deadline);
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
