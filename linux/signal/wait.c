/* SPDX-License-Identifier: MIT */
/* Waiting for signals: rt_sigsuspend, rt_sigtimedwait, rt_sigpending. */
#include "linux/signal/wait.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/arrive.h"
#include "linux/signal/send.h"
#include "linux/time/ptimer.h"
#include "proc/process.h"
#include "proc/wait.h"

/* This queue is never woken. Signals wake the threads that wait here by thread_wake(). */
static struct waitq never_woken = WAITQ_INIT(never_woken);

void signal_mask_for_call(uint64_t mask)
{
	struct thread_signals *own = &current_task()->signals;
	uint64_t old;

	signal_mask(SIG_SETMASK, &mask, &old);
	own->old_mask = old;
	own->suspended = true;
}

void signal_mask_back(void)
{
	struct thread_signals *own = &current_task()->signals;
	uint64_t old;

	own->suspended = false;
	signal_mask(SIG_SETMASK, &own->old_mask, &old);
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

/* Others take what has come meanwhile and is not waited for any more. */
static void set_waited(uint64_t set)
{
	struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;
	uint64_t before;

	spin_lock(&signals->lock);
	before = task_of(thread)->signals.waited;
	task_of(thread)->signals.waited = set;
	if (before)
		signals_hand_on(thread, before & task_of(thread)->signals.blocked);
	spin_unlock(&signals->lock);
}

int signal_wait(uint64_t set, uint64_t deadline, struct signal_info *info_ret)
{
	uint64_t seq = waitq_sample(&never_woken);
	int sig, err = 0;

	set &= ~SIGNAL_UNBLOCKABLE;
	set_waited(set);
	do {
		ptimers_take(&current_linux_process()->timers);
		sig = signal_take_any(set, info_ret);
		if (!sig && !err)
			err = thread_wait_interruptible_until(&never_woken, seq, deadline);
		else if (!sig)
			break;
	} while (!sig);
	set_waited(0);
	current_thread()->restart = RESTART_NONE;
	if (sig)
		return sig;
	return err == -ETIMEDOUT ? -EAGAIN : err;
}

uint64_t signal_pending_set(void)
{
	const struct thread_signals *own = &current_task()->signals;
	struct process *process = current_process();
	struct signals *signals = &linux_process(process)->signals;
	uint64_t set;

	ptimers_take(&linux_process(process)->timers);
	spin_lock(&signals->lock);
	set = (signals->shared.set | own->pending.set) & own->blocked;
	spin_unlock(&signals->lock);
	return set;
}
