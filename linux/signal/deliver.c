/* SPDX-License-Identifier: MIT */
/* Delivers signals on the way to user mode: handlers, stops, kills, and restarted system calls. */
#include "linux/signal/deliver.h"

#include "abi/errno.h"
#include "abi/syscall.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"
#include "linux/job/stop.h"
#include "linux/process/exit.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/action.h"
#include "linux/signal/core.h"
#include "linux/signal/frame.h"
#include "linux/signal/queue.h"
#include "linux/signal/send.h"
#include "linux/signal/wait.h"
#include "linux/time/ptimer.h"
#include "proc/process.h"
#include "proc/thread.h"

/* Cleared before the signals are examined: a signal that comes later sets it again. */
static void work_clear(void)
{
	__atomic_fetch_and(&current_thread()->arch.work, ~ARCH_WORK_LEAVE, __ATOMIC_SEQ_CST);
}

static void work_again(void)
{
	if (signals_want_return())
		__atomic_fetch_or(&current_thread()->arch.work, ARCH_WORK_LEAVE, __ATOMIC_RELAXED);
}

/* Returns how to restart an interrupted system call; RESTART_NONE if there is none. */
static enum restart interrupted_call(const struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	enum restart restart = thread->restart;

	thread->restart = RESTART_NONE;
	return frame_result(frame) == -EINTR ? restart : RESTART_NONE;
}

/*
 * As on Linux, an interrupted call of a traced thread is set up to be made again before the tracer sees a
 * signal: it may change the registers, and then the call is not touched any more.
 */
static __attribute__((noinline)) void restart_first(struct trap_frame *frame)
{
	struct ptrace *ptrace = current_task()->ptrace;

	ptrace->restart = interrupted_call(frame);
	if (ptrace->restart == RESTART_NONE)
		return;
	frame_restart(frame);
	ptrace->restart_pc = frame_pc(frame);
}

/* How the call is restarted that is set up so, and at which nothing has changed. */
static enum restart restarted_call(const struct trap_frame *frame)
{
	struct ptrace *ptrace = current_task()->ptrace;
	enum restart restart = ptrace->restart;

	ptrace->restart = RESTART_NONE;
	return frame_pc(frame) == ptrace->restart_pc ? restart : RESTART_NONE;
}

static bool is_restarted_for(enum restart restart, const struct abi_sigaction *action)
{
	return restart == RESTART_ALWAYS ||
	       (restart == RESTART_ASKED && action->flags & SA_RESTART);
}

/* Restarts or interrupts a call that is set up to be made again, of a thread that is or was traced. */
static __attribute__((noinline)) void restart_of_traced(struct trap_frame *frame,
							const struct abi_sigaction *action)
{
	enum restart restart = restarted_call(frame);

	if (!action && restart == RESTART_SLEEP)
		frame_set_syscall(frame, SYS_restart_syscall);
	else if (action && restart != RESTART_NONE && !is_restarted_for(restart, action))
		frame_interrupt(frame);
}

static inline bool is_set_up(const struct thread *thread)
{
	return unlikely(task_of(thread)->ptrace) &&
	       task_of(thread)->ptrace->restart != RESTART_NONE;
}

static void restart_without_handler(struct trap_frame *frame)
{
	enum restart restart = interrupted_call(frame);

	if (is_set_up(current_thread()))
		restart_of_traced(frame, NULL);
	if (restart == RESTART_NONE)
		return;
	frame_restart(frame);
	if (restart == RESTART_SLEEP)
		frame_set_syscall(frame, SYS_restart_syscall);
}

static void restart_before_handler(struct trap_frame *frame, const struct abi_sigaction *action)
{
	if (is_set_up(current_thread()))
		restart_of_traced(frame, action);
	else if (is_restarted_for(interrupted_call(frame), action))
		frame_restart(frame);
}

/* As on Linux, this raises SIGSEGV, which a handler on an alternate stack can handle. */
static void no_room(const struct trap_frame *frame, int sig)
{
	const struct process *process = current_process();
	const struct signal_info segv = { .sig = SIGSEGV, .code = SI_KERNEL };

	if (sig != SIGSEGV && signal_fault(&segv))
		return;
	log_warn("proc", "%s[%d] killed by SIGSEGV: no room for the frame of signal %d at sp %#lx",
		 current_thread()->name, process->pid, sig, frame_sp(frame));
	signal_die(&segv);
}

/* The mask for the time when the handler runs. */
static void block_for_handler(struct thread *thread, const struct signal_info *info,
			      const struct abi_sigaction *action)
{
	struct signals *signals = &linux_process(thread->process)->signals;
	uint64_t blocked = task_of(thread)->signals.blocked | action->mask;

	if (!(action->flags & SA_NODEFER))
		blocked |= SIGNAL_BIT(info->sig);
	spin_lock(&signals->lock);
	signals_block(thread, blocked & ~SIGNAL_UNBLOCKABLE);
	spin_unlock(&signals->lock);
	task_of(thread)->signals.suspended = false;
}

static void signal_handler_run(struct trap_frame *frame, const struct signal_info *info,
			       const struct abi_sigaction *action)
{
	struct thread *thread = current_thread();
	const struct thread_signals *own = &task_of(thread)->signals;
	int err;

	restart_before_handler(frame, action);
	err = signal_frame_write(frame, info, action,
				 own->suspended ? own->old_mask : own->blocked);
	if (!err) {
		block_for_handler(thread, info, action);
		hart_count_event(HART_HANDLED);
	} else if (!current_killed()) {
		no_room(frame, info->sig);
	}
}

/* The default action ends the process, or begins to stop it. Returns whether by a core file. Call with the lock held. */
static bool begin_default(struct process *process, int sig)
{
	enum signal_default action = signal_default(sig);

	assert_hardened(spin_lock_held(&linux_process(process)->signals.lock));
	if (process->pid == PID_INIT)
		return false;
	if (action == SIGNAL_CORE && core_is_wanted(process, sig))
		return true;
	if (action == SIGNAL_TERMINATE || action == SIGNAL_CORE)
		signals_set_fatal(process, sig);
	else if (action == SIGNAL_STOP)
		linux_process(process)->signals.stopping = sig;
	return false;
}

/* The tracer judges a signal that has been taken. Called with the lock held, which it drops meanwhile. */
static __attribute__((noinline)) bool let_tracer_judge(struct signals *signals,
						       struct signal_info *info)
{
	bool goes_on;

	spin_unlock(&signals->lock);
	goes_on = ptrace_signal(info);
	spin_lock(&signals->lock);
	return goes_on;
}

/*
 * Takes the next signal that the running thread does not block, with its action. What happens by
 * default begins in the same hold of the lock: SIGCONT comes before a stop, or ends it. *dumps_ret: a core file is to
 * be written; it is set with SIG_DFL only.
 */
static bool signal_next(struct process *process, struct signal_info *info,
			struct abi_sigaction *action, bool *dumps_ret)
{
	struct signals *signals = &linux_process(process)->signals;
	bool any;

	spin_lock(&signals->lock);
	any = signal_take(~current_task()->signals.blocked, info);
	if (any && unlikely(current_thread()->traced) && !current_task()->signals.dies &&
	    !let_tracer_judge(signals, info)) {
		action->handler = SIG_IGN;
	} else if (any) {
		signal_action_take(signals, info->sig, action);
		if (unlikely(current_task()->signals.dies))
			action->handler = SIG_DFL;
		if (action->handler == SIG_DFL)
			*dumps_ret = begin_default(process, info->sig);
	}
	spin_unlock(&signals->lock);
	if (any)
		signal_taken(info);
	return any;
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

static bool must_stop(const struct thread *thread)
{
	return atomic_load_relaxed(&linux_process(thread->process)->signals.stopping) ||
	       thread_must_stop(thread);
}

/* The thread has been killed. */
static __attribute__((noinline, noreturn)) void end_here(struct thread *thread)
{
	if (thread->traced)
		task_of(thread)->ptrace->full_frame = true;
	thread_exit(0);
}

void signal_user_return(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct abi_sigaction action;
	struct signal_info info;
	bool dumps = false;

	work_clear();
	ptimers_take(&linux_process(process)->timers);
	if (unlikely(thread->traced))
		restart_first(frame);
	for (;;) {
		if (unlikely(atomic_load_relaxed(&thread->killed)))
			end_here(thread);
		if (unlikely(must_stop(thread))) {
			process_stop();
			continue;
		}
		if (!signal_next(process, &info, &action, &dumps))
			break;
		if (signal_has_handler(&action)) {
			signal_handler_run(frame, &info, &action);
			work_again();
			return;
		}
		if (action.handler == SIG_DFL && dumps)
			core_dump(&info);
	}
	restart_without_handler(frame);
	unsuspend(&task_of(thread)->signals);
	work_again();
}
