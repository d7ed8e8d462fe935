/* SPDX-License-Identifier: MIT */
/* The signal state of a process from its creation to its end: fork, exec, exit. */
#include "linux/signal/signal.h"

#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/action.h"
#include "linux/signal/queue.h"
#include "linux/signal/send.h"
#include "linux/time/ptimer.h"
#include "proc/process.h"
#include "proc/thread.h"

enum signal_default signal_default(int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGURG:
	case SIGWINCH:
		return SIGNAL_IGNORE;
	case SIGCONT:
		return SIGNAL_CONTINUE;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return SIGNAL_STOP;
	case SIGQUIT:
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGXCPU:
	case SIGXFSZ:
	case SIGSYS:
		return SIGNAL_CORE;
	default:
		return SIGNAL_TERMINATE;
	}
}

void thread_signals_init(struct thread_signals *own)
{
	own->stack = SIGNAL_NO_STACK;
	list_init(&own->pending.queue);
}

void signals_init(struct signals *signals)
{
	spin_init(&signals->lock, LOCK_PROCESS);
	list_init(&signals->shared.queue);
	list_init(&signals->spent);
	waitq_init(&signals->resumed);
	signals->queue_max = SIGNAL_QUEUE_MAX;
}

void signals_add_thread(struct thread *thread)
{
	struct process *process = thread->process;

	list_add_tail(&process->threads, &thread->process_link);
	linux_process(process)->signals.nthreads++;
}

int signals_copy(struct signals *to, enum actions_for_child what)
{
	return what == ACTIONS_SHARE ? signal_actions_share(to)
				     : signal_actions_copy(to, what == ACTIONS_COPY);
}

void thread_signals_copy(struct thread_signals *to, const struct thread_signals *from)
{
	to->blocked = from->blocked;
	to->stack = from->stack;
}

bool signals_fork_begin(void)
{
	struct signals *signals = &current_linux_process()->signals;
	struct thread_signals *own = &current_task()->signals;

	spin_lock(&signals->lock);
	own->forking = true;
	signals->nforking++;
	own->for_child = 0;
	spin_unlock(&signals->lock);
	return !current_signalled();
}

/* As on Linux, only the numbers of the signals sent to many are kept. */
void signals_fork_done(struct process *child)
{
	struct signals *signals = &current_linux_process()->signals;
	struct thread_signals *own = &current_task()->signals;
	uint64_t left;

	spin_lock(&signals->lock);
	own->forking = false;
	signals->nforking--;
	left = child ? own->for_child : 0;
	spin_unlock(&signals->lock);
	for (; left; left &= left - 1) {
		const struct signal_info info = { .sig = (int)bit_lowest(left) + 1,
						  .code = SI_USER };

		signal_send_info(child, &info);
	}
}

void signals_destroy(struct signals *signals)
{
	struct list spent = LIST_INIT(spent);

	signal_actions_put(signals->actions);
	signals->actions = NULL;
	spin_lock(&signals->lock);
	signal_flush(signals, &signals->shared, ~0ull, &spent);
	list_splice_tail(&spent, &signals->spent);
	spin_unlock(&signals->lock);
	signal_free(&spent);
}

bool signals_thread_ends(int status, bool all)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;
	struct signals *signals = &linux_process(process)->signals;
	bool last;

	spin_lock(&signals->lock);
	task_of(thread)->signals.exiting = true;
	signals_wake_next();
	last = --signals->nthreads == 0;
	if (unlikely(signals->dumping))
		waitq_wake_all(&signals->resumed);
	if (last && !signals->ending)
		atomic_store(&signals->ending, SIGNALS_ENDING | status);
	if (!last) {
		if (all && !signals->execing)
			signals_end(process, status);
		if (!signals->ending)
			signals_hand_on(thread, ~0ull);
	}
	ptimers_leave(process, thread);
	spin_unlock(&signals->lock);
	return last;
}

void signals_thread_flush(void)
{
	struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;
	struct list spent = LIST_INIT(spent);

	/* no signal is added to them since signals_thread_ends() */
	if (!atomic_load_relaxed(&task_of(thread)->signals.pending.set))
		return;
	spin_lock(&signals->lock);
	signal_flush(signals, &task_of(thread)->signals.pending, ~0ull, &spent);
	spin_unlock(&signals->lock);
	signal_free(&spent);
}

bool signals_exec_begin(void)
{
	struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;
	bool first;

	spin_lock(&signals->lock);
	first = !signals->ending && !signals->execing && !signals->dumping;
	if (first && signals->nthreads > 1) {
		signals->execing = thread;
		signals_kill_threads(thread->process, thread);
	}
	spin_unlock(&signals->lock);
	return first;
}

void signals_exec_done(void)
{
	struct signals *signals = &current_linux_process()->signals;

	spin_lock(&signals->lock);
	signals->execing = NULL;
	spin_unlock(&signals->lock);
}
