/* SPDX-License-Identifier: MIT */
/* Sends signals: decides whether a signal is dropped, stays pending or kills the process. */
#include "proc/signal/send.h"

#include "proc/signal/signal.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/itimer.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/signal/queue.h"

#define STOPS \
	(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

static bool ends_by_default(int sig)
{
	enum signal_default action = signal_default(sig);

	return action == SIGNAL_TERMINATE || action == SIGNAL_CORE;
}

static void signal_wake(struct process *process)
{
	__atomic_fetch_or(&process->thread->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELEASE);
	thread_wake(process->thread);
}

void signals_set_fatal(struct process *process, int sig)
{
	if (process->signals.fatal)
		return;
	process->signals.fatal = sig;
	atomic_store(&process->thread->killed, true);
	signal_wake(process);
}

/* Whether to drop the signal. A blocked one may be wanted later. Call with the lock held. */
static bool signal_is_dropped(const struct process *process, int sig)
{
	const struct signals *signals = &process->signals;
	uint64_t bit = SIGNAL_BIT(sig);

	if ((signals->blocked | signals->waited | signals->caught) & bit)
		return false;
	if (process->pid == PID_INIT || signals->ignored & bit)
		return true;
	return signal_default(sig) == SIGNAL_IGNORE || signal_default(sig) == SIGNAL_CONTINUE;
}

/*
 * Drops pending signals. An ordinary signal is kept at most once for the process and once for its
 * thread, so there are few infos to free under the lock. Call with the lock held.
 */
static void signal_forget(struct signals *signals, uint64_t set)
{
	struct list spent = LIST_INIT(spent);

	signal_flush(signals, set, &spent);
	signal_free(&spent);
}

/* Stops and SIGCONT cancel each other even if blocked or ignored. Call with the lock held. */
static void undo(struct signals *signals, int sig)
{
	if (sig == SIGCONT) {
		signal_forget(signals, STOPS);
		signals->stopping = 0;
		if (!signals->stopped)
			return;
		signals->stopped = 0;
		signals->stop_unreported = false;
		signals->continue_unreported = true;
		waitq_wake_all(&signals->resumed);
	} else if (SIGNAL_BIT(sig) & STOPS) {
		signal_forget(signals, SIGNAL_BIT(SIGCONT));
	}
}

/* As on Linux: of stop signals and SIGCONT only the later one is kept. Call with the lock held. */
static void keep_for_child(struct signals *signals, int sig)
{
	if (sig == SIGCONT)
		signals->for_child &= ~STOPS;
	else if (SIGNAL_BIT(sig) & STOPS)
		signals->for_child &= ~SIGNAL_BIT(SIGCONT);
	signals->for_child |= SIGNAL_BIT(sig);
}

/* Acts on a signal that has come and is not blocked. Call with the lock held. */
static void act(struct process *process, int sig)
{
	struct signals *signals = &process->signals;

	if (signal_is_dropped(process, sig))
		signal_forget(signals, SIGNAL_BIT(sig));
	else if (!(signals->caught & SIGNAL_BIT(sig)) && ends_by_default(sig))
		signals_set_fatal(process, sig);
	else
		signal_wake(process);
}

/*
 * A signal may have ended the stop of another process, or killed one whose stop or continuation has
 * not been reported. Then process_tree_lock is held. The running process is not stopped.
 */
static inline void stop_changed(struct process *process)
{
	if (unlikely(signals_report_stop(&process->signals)) && process != current_process())
		child_sort(process);
}

int signal_send_info(struct process *process, const struct signal_info *info)
{
	struct signals *signals = &process->signals;
	uint64_t bit = SIGNAL_BIT(info->sig);
	int err = 0;

	spin_lock(&signals->lock);
	undo(signals, info->sig);
	if (info->to_many && signals->forking)
		keep_for_child(signals, info->sig);
	if (!signal_is_dropped(process, info->sig))
		err = signal_queue(signals, info);
	if (signals->stopped && info->sig != SIGKILL)
		; /* handled when the process continues */
	else if (signals->pending & bit & ~signals->blocked)
		act(process, info->sig);
	else if (signals->pending & bit & signals->waited)
		signal_wake(process);
	spin_unlock(&signals->lock);
	stop_changed(process);
	return err;
}

void signal_send(struct process *process, int sig)
{
	const struct signal_info info = { .sig = sig, .code = SI_KERNEL };

	signal_send_info(process, &info); /* an info with this code is never refused */
}

void signal_force(struct process *process, int sig)
{
	spin_lock(&process->signals.lock);
	signals_set_fatal(process, sig);
	spin_unlock(&process->signals.lock);
	stop_changed(process);
}

bool signal_fault(const struct signal_info *info)
{
	struct thread *thread = current_thread();
	struct signals *signals = &thread->process->signals;
	bool caught;

	spin_lock(&signals->lock);
	caught = (signals->caught & ~signals->blocked & SIGNAL_BIT(info->sig)) != 0;
	if (caught) {
		signals->fault = *info;
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELAXED);
	}
	spin_unlock(&signals->lock);
	return caught;
}

bool signals_want_return(const struct signals *signals)
{
	return atomic_load(&signals->fatal) || signals->fault.sig ||
	       (atomic_load(&signals->pending) & (signals->waited | ~signals->blocked));
}

bool signals_end_waits(void)
{
	struct process *process = current_process();

	itimers_take(process);
	return signals_want_return(&process->signals);
}

static int new_mask(int how, uint64_t old, uint64_t set, uint64_t *ret)
{
	switch (how) {
	case SIG_BLOCK:
		*ret = old | set;
		return 0;
	case SIG_UNBLOCK:
		*ret = old & ~set;
		return 0;
	case SIG_SETMASK:
		*ret = set;
		return 0;
	default:
		return -EINVAL;
	}
}

int signal_mask(int how, const uint64_t *set, uint64_t *old_ret)
{
	struct process *process = current_process();
	struct signals *signals = &process->signals;
	uint64_t blocked;
	int err = 0;

	spin_lock(&signals->lock);
	*old_ret = blocked = signals->blocked;
	if (set)
		err = new_mask(how, blocked, *set & ~SIGNAL_UNBLOCKABLE, &blocked);
	signals->blocked = blocked;
	/* In their order, on the way to user mode: the mask of one's handler may block the next. */
	if (signals->pending & ~blocked)
		__atomic_fetch_or(&process->thread->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELAXED);
	spin_unlock(&signals->lock);
	return err;
}
