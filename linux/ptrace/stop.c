/* SPDX-License-Identifier: MIT */
/* The stops of a tracee: for signals, with its process, at system calls, and at events. */
#include "linux/ptrace/ptrace.h"

#include "linux/arch/regs.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/process/usage.h"
#include "linux/signal/action.h"
#include "linux/signal/send.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/wait.h"

/* What a stop is. */
struct stop {
	int code; /* as wait4 reports it, in the second byte and above */
	int why;  /* CLD_TRAPPED or CLD_STOPPED */
	uint64_t message;
	struct signal_info *info; /* changed if the tracer changes it; NULL: there is none */
};

void ptrace_tell_tracer(struct process *tracer, const struct signal_info *info)
{
	assert_hardened(spin_lock_held(&process_tree_lock));
	if (tracer->state != PROCESS_ALIVE)
		return;
	if (info->code == CLD_EXITED || info->code == CLD_KILLED ||
	    !signals_refuse_stops(&linux_process(tracer)->signals))
		signal_send_info(tracer, info);
	waitq_wake_all(&tracer->child_waitq);
}

static void tell_stop(const struct ptrace *ptrace, const struct stop *stop)
{
	struct signal_info info = {
		.sig = SIGCHLD,
		.code = stop->why,
		.about = SIGNAL_OF_CHILD,
		.pid = ptrace->tid,
		.uid = task_of(ptrace->thread)->real_cred->uid,
		.status = stop->code & 0x7f,
	};
	struct usage usage;

	usage_current(&usage);
	info.user_ticks = usage.user_ticks;
	info.kernel_ticks = usage.kernel_ticks;
	ptrace_tell_tracer(ptrace->tracer, &info);
}

/* What PTRACE_INTERRUPT asked for has come. Only a stop for that tells of the process's stop, too. */
static void stop_comes(struct thread *thread, const struct stop *stop)
{
	struct signals *signals = &linux_process(thread->process)->signals;

	spin_lock(&signals->lock);
	task_of(thread)->signals.must_stop &= ~MUST_TRAP;
	if (stop->why == CLD_STOPPED)
		task_of(thread)->signals.must_stop &= ~MUST_NOTIFY;
	spin_unlock(&signals->lock);
}

static void stop_begins(struct ptrace *ptrace, const struct stop *stop)
{
	stop_comes(ptrace->thread, stop);
	atomic_store(&ptrace->go, 0);
	ptrace->code = stop->code;
	ptrace->message = stop->message;
	ptrace->has_info = stop->info != NULL;
	if (stop->info)
		ptrace->info = *stop->info;
	ptrace->verdict = 0;
	ptrace->unreported = true;
	ptrace->stopped = true;
	ptrace_set_news(ptrace, true);
	tell_stop(ptrace, stop);
}

/* Returns the signal that the thread goes on with. */
static int stop_ends(struct ptrace *ptrace, struct stop *stop)
{
	struct signals *signals = &linux_process(ptrace->process)->signals;

	ptrace->stopped = false;
	ptrace->message = 0;
	if (stop->info)
		*stop->info = ptrace->info;
	if (ptrace->tracer) {
		ptrace->unreported = false;
		ptrace_set_news(ptrace, false);
	}
	spin_lock(&signals->lock);
	ptrace->listening = false;
	spin_unlock(&signals->lock);
	return ptrace->verdict;
}

/*
 * Stops, unless the thread is not traced any more or has been killed. Returns the signal to go on with; that
 * of the stop if there was none.
 */
static int stop_here(struct stop *stop)
{
	struct thread *thread = current_thread();
	struct ptrace *ptrace;
	int sig;

	arch_regs_give();
	spin_lock(&process_tree_lock);
	ptrace = task_of(thread)->ptrace;
	if (!thread->traced || current_killed()) {
		spin_unlock(&process_tree_lock);
		return stop->info && stop->code == stop->info->sig ? stop->code : 0;
	}
	stop_begins(ptrace, stop);
	spin_unlock(&process_tree_lock);
	(void)thread_park(&ptrace->go, false, UINT64_MAX);
	spin_lock(&process_tree_lock);
	sig = stop_ends(ptrace, stop);
	spin_unlock(&process_tree_lock);
	arch_regs_take_back();
	return sig;
}

/* A SIGTRAP of its own for those who ask for the info of a stop. */
static struct signal_info info_of(int sig, int code)
{
	return (struct signal_info){
		.sig = sig,
		.code = code,
		.pid = current_thread()->tid,
		.uid = current_cred()->uid,
	};
}

/* Puts a signal back that the thread blocks now. */
static void send_again(const struct signal_info *info)
{
	if (info->was_shared)
		(void)signal_send_info(current_process(), info);
	else
		(void)signal_send_thread(current_thread(), info);
}

bool ptrace_signal(struct signal_info *info)
{
	struct stop stop = { .code = info->sig, .why = CLD_TRAPPED, .info = info };
	struct thread *thread = current_thread();
	int sig = stop_here(&stop);

	if (!sig)
		return false;
	if (sig != info->sig) {
		*info = (struct signal_info){
			.sig = sig,
			.code = SI_USER,
			.pid = task_of(thread)->ptrace->judge_pid,
			.uid = task_of(thread)->ptrace->judge_uid,
		};
	}
	if (!(task_of(thread)->signals.blocked & SIGNAL_BIT(sig)))
		return true;
	send_again(info);
	return false;
}

/*
 * What a trap of the running thread says; code 0: it does not trap. A tracer that waits for the trap of a process which has
 * been continued meanwhile learns of that.
 */
static struct stop trap_of(struct thread *thread, bool counted)
{
	struct signals *signals = &linux_process(thread->process)->signals;
	struct stop stop = { .why = CLD_STOPPED };
	bool wanted;

	spin_lock(&process_tree_lock);
	spin_lock(&signals->lock);
	if (thread->traced &&
	    (counted || task_of(thread)->signals.must_stop & (MUST_TRAP | MUST_NOTIFY))) {
		stop.code = signals->stopped;
		if (task_of(thread)->ptrace->seized)
			stop.code = (stop.code ?: SIGTRAP) | PTRACE_EVENT_STOP << 8;
	}
	wanted = task_of(thread)->signals.must_stop & MUST_TRAP;
	if (!stop.code) /* else the stop does so: a tracer that has just attached waits for the stop */
		task_of(thread)->signals.must_stop &= MUST_STOP;
	spin_unlock(&signals->lock);
	if (unlikely(wanted && !stop.code) && thread->traced)
		waitq_wake_all(&task_of(thread)->ptrace->tracer->child_waitq);
	spin_unlock(&process_tree_lock);
	return stop;
}

void ptrace_trap(bool counted)
{
	struct stop stop = trap_of(current_thread(), counted);
	struct signal_info info = info_of(stop.code & 0xff, stop.code);

	if (!stop.code)
		return;
	if (stop.code >> 8)
		stop.info = &info;
	(void)stop_here(&stop);
}

void ptrace_notify(struct thread *thread)
{
	struct ptrace *ptrace = task_of(thread)->ptrace;

	assert_hardened(spin_lock_held(&linux_process(thread->process)->signals.lock));
	if (!thread->traced || !ptrace->seized)
		return;
	task_of(thread)->signals.must_stop |= MUST_NOTIFY;
	if (ptrace->listening)
		atomic_store(&ptrace->go, 1);
	signal_wake(thread);
}

static bool wants_event(int event)
{
	const struct thread *thread = current_thread();
	bool wanted;

	spin_lock(&process_tree_lock);
	wanted = thread->traced && task_of(thread)->ptrace->full_frame &&
		 task_of(thread)->ptrace->options & 1u << event;
	spin_unlock(&process_tree_lock);
	return wanted;
}

static int stop_for(int code, uint64_t message)
{
	struct signal_info info = info_of(SIGTRAP, code);
	struct stop stop = { .code = code, .why = CLD_TRAPPED, .message = message, .info = &info };

	return stop_here(&stop);
}

void ptrace_event(int event, uint64_t message)
{
	if (wants_event(event))
		(void)stop_for(SIGTRAP | event << 8, message);
}

/*
 * The thread has been killed, or is about to end. Only the tracer, its end, or a new SIGKILL ends this stop.
 */
void ptrace_exit_event(int status)
{
	struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;
	bool spared;

	spin_lock(&signals->lock);
	spared = !signals->sigkilled;
	if (signals->ending)
		status = signals->ending & ~SIGNALS_ENDING;
	if (spared)
		atomic_store(&thread->killed, false);
	spin_unlock(&signals->lock);
	if (!spared)
		return;
	ptrace_event(PTRACE_EVENT_EXIT, (uint64_t)status);
	spin_lock(&signals->lock);
	if (signals->ending || signals->execing)
		atomic_store(&thread->killed, true);
	spin_unlock(&signals->lock);
}

static void raise_trap(int sig)
{
	const struct signal_info info = {
		.sig = sig,
		.code = SI_USER,
		.pid = current_process()->pid,
		.uid = current_cred()->uid,
	};

	(void)signal_send_thread(current_thread(), &info);
}

void ptrace_exec_event(int former_tid)
{
	struct thread *thread = current_thread();
	bool seized;

	if (wants_event(PTRACE_EVENT_EXEC)) {
		(void)stop_for(SIGTRAP | PTRACE_EVENT_EXEC << 8, (uint64_t)former_tid);
		return;
	}
	spin_lock(&process_tree_lock);
	seized = !thread->traced || task_of(thread)->ptrace->seized;
	spin_unlock(&process_tree_lock);
	if (!seized)
		raise_trap(SIGTRAP);
}

bool ptrace_call_stop(uint64_t message)
{
	struct thread *thread = current_thread();
	bool wanted, good;
	int sig;

	spin_lock(&process_tree_lock);
	wanted = thread->traced && task_of(thread)->ptrace->traces_calls;
	good = task_of(thread)->ptrace->options & PTRACE_O_TRACESYSGOOD;
	spin_unlock(&process_tree_lock);
	if (wanted) {
		sig = stop_for(SIGTRAP | (good ? 0x80 : 0), message);
		if (sig)
			raise_trap(sig);
	}
	return !current_killed();
}
