/* SPDX-License-Identifier: MIT */
/* Delivers signals on the way to user mode: handlers, stops, kills, and restarted system calls. */
#include "proc/signal/deliver.h"

#include "abi/errno.h"
#include "abi/syscall.h"
#include "abi/wait.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"
#include "proc/exit.h"
#include "proc/itimer.h"
#include "proc/job/stop.h"
#include "proc/process.h"
#include "proc/reap.h"
#include "proc/signal/frame.h"
#include "proc/signal/queue.h"
#include "proc/signal/send.h"
#include "proc/signal/wait.h"
#include "proc/thread.h"

/* Cleared before the signals are examined: a signal that comes later sets it again. */
static void work_clear(void)
{
	__atomic_fetch_and(&current_thread()->arch.work, ~ARCH_WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

static void work_again(void)
{
	if (signals_want_return())
		__atomic_fetch_or(&current_thread()->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELAXED);
}

/* Returns how to restart an interrupted system call; RESTART_NONE if there is none. */
static enum restart interrupted_call(const struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	enum restart restart = thread->restart;

	thread->restart = RESTART_NONE;
	return frame_result(frame) == -EINTR ? restart : RESTART_NONE;
}

static void restart_without_handler(struct trap_frame *frame)
{
	enum restart restart = interrupted_call(frame);

	if (restart == RESTART_NONE)
		return;
	frame_restart(frame);
	if (restart == RESTART_SLEEP)
		frame_set_syscall(frame, SYS_restart_syscall);
}

static void restart_before_handler(struct trap_frame *frame, const struct abi_sigaction *action)
{
	enum restart restart = interrupted_call(frame);

	if (restart == RESTART_ALWAYS || (restart == RESTART_ASKED && action->flags & SA_RESTART))
		frame_restart(frame);
}

/* Sets the mask and the action for the time when the handler runs. Call with the lock held. */
static void enter_handler(struct thread *thread, const struct signal_info *info,
			  const struct abi_sigaction *action)
{
	struct signals *signals = &thread->process->signals;
	struct thread_signals *own = &thread->signals;
	uint64_t bit = SIGNAL_BIT(info->sig);

	own->blocked |= action->mask;
	if (!(action->flags & SA_NODEFER))
		own->blocked |= bit;
	own->blocked &= ~SIGNAL_UNBLOCKABLE;
	if (action->flags & SA_RESETHAND) {
		signals->actions->of[info->sig - 1].handler = SIG_DFL;
		signals->caught &= ~bit;
	}
	own->suspended = false;
}

/* As on Linux, this raises SIGSEGV, which a handler on an alternate stack can handle. */
static void no_room(const struct trap_frame *frame, int sig)
{
	const struct process *process = current_process();
	const struct signal_info segv = { .sig = SIGSEGV, .code = SI_KERNEL };

	if (sig != SIGSEGV && signal_fault(&segv))
		return;
	log_warn("proc", "%s[%d] killed by SIGSEGV: no room for the frame of signal %d at sp %#lx",
		 process->thread->name, process->pid, sig, frame_sp(frame));
	signal_force(current_process(), SIGSEGV);
}

/* The signal stays pending until its frame is complete: writing that may wait for pages. */
static void signal_handler_run(struct trap_frame *frame, const struct signal_info *info,
			       const struct abi_sigaction *action)
{
	struct thread *thread = current_thread();
	struct signals *signals = &thread->process->signals;
	const struct thread_signals *own = &thread->signals;
	int err;

	restart_before_handler(frame, action);
	err = signal_frame_write(frame, info, action,
				 own->suspended ? own->old_mask : own->blocked);
	spin_lock(&signals->lock);
	(void)signal_take(info);
	if (!err)
		enter_handler(thread, info, action);
	spin_unlock(&signals->lock);
	if (!err)
		hart_count_event(HART_SIGNALS);
	else if (!current_killed())
		no_room(frame, info->sig);
}

__attribute__((noinline)) static void do_default(const struct signal_info *info)
{
	struct process *process = current_process();
	struct signals *signals = &process->signals;
	enum signal_default action = signal_default(info->sig);
	bool stops = action == SIGNAL_STOP && process->pid != PID_INIT;

	spin_lock(&signals->lock);
	if (!signal_take(info)) {
		spin_unlock(&signals->lock);
		return;
	}
	if (signals->ignored & SIGNAL_BIT(info->sig))
		stops = false;
	else if (action <= SIGNAL_CORE && action != SIGNAL_IGNORE && process->pid != PID_INIT)
		signals_set_fatal(process, info->sig);
	if (stops)
		signals->stopping = info->sig;
	spin_unlock(&signals->lock);
	if (stops)
		process_stop();
}

/*
 * No handler runs: restores the mask that rt_sigsuspend or ppoll replaced. If the call is
 * restarted, it sets its mask again.
 */
static void unsuspend(const struct thread_signals *own)
{
	if (own->suspended)
		signal_mask_back();
}

static void end_if_fatal(struct process *process)
{
	int sig = atomic_load(&process->signals.fatal);

	if (sig)
		process_exit(ABI_W_SIGNALLED(sig));
}

void signal_user_return(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct abi_sigaction action;
	struct signal_info info;

	work_clear();
	end_if_fatal(process);
	itimers_take(process);
	while (signal_peek(~thread->signals.blocked, &info, &action)) {
		if (action.handler != SIG_DFL && action.handler != SIG_IGN) {
			signal_handler_run(frame, &info, &action);
			work_again();
			return;
		}
		do_default(&info);
		end_if_fatal(process);
	}
	restart_without_handler(frame);
	unsuspend(&thread->signals);
	work_again();
}
