/* SPDX-License-Identifier: MIT */
/* The signal state of a process from its creation to its end: fork, exec, exit. */
#include "proc/signal/signal.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/signal/queue.h"
#include "proc/signal/send.h"
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
	waitq_init(&signals->resumed);
	signals->queue_max = SIGNAL_QUEUE_MAX;
}

int signals_copy(struct signals *to, struct signals *from)
{
	if (from->actions) { /* of the running process, the only one that replaces them */
		to->actions = mem_wait_kmalloc(sizeof(*to->actions));
		if (!to->actions)
			return -ENOMEM;
		*to->actions = *from->actions;
	}
	spin_lock(&from->lock);
	to->ignored = from->ignored;
	to->caught = from->caught;
	to->queue_max = from->queue_max;
	spin_unlock(&from->lock);
	return 0;
}

void thread_signals_copy(struct thread_signals *to, const struct thread_signals *from)
{
	to->blocked = from->blocked;
	to->stack = from->stack;
}

bool signals_fork_begin(void)
{
	struct signals *signals = &current_process()->signals;
	struct thread_signals *own = &current_thread()->signals;

	spin_lock(&signals->lock);
	own->forking = true;
	own->for_child = 0;
	spin_unlock(&signals->lock);
	return !current_signalled();
}

/* As on Linux, only the numbers of the signals sent to many are kept. */
void signals_fork_done(struct process *child)
{
	struct signals *signals = &current_process()->signals;
	struct thread_signals *own = &current_thread()->signals;
	uint64_t left;

	spin_lock(&signals->lock);
	own->forking = false;
	left = child ? own->for_child : 0;
	spin_unlock(&signals->lock);
	for (; left; left &= left - 1) {
		const struct signal_info info = { .sig = (int)bit_lowest(left) + 1,
						  .code = SI_USER };

		signal_send_info(child, &info);
	}
}

/* Call only when no other code reads the actions without the lock. */
static void actions_free(struct signals *signals)
{
	struct signal_actions *actions;

	spin_lock(&signals->lock);
	actions = signals->actions;
	signals->actions = NULL;
	signals->caught = 0;
	spin_unlock(&signals->lock);
	kfree(actions);
}

void signals_exec(void)
{
	struct abi_stack *stack = &current_thread()->signals.stack;

	actions_free(&current_process()->signals);
	stack->ss_sp = stack->ss_size = 0; /* as on Linux, the flags stay */
}

void signals_destroy(struct signals *signals)
{
	struct list spent = LIST_INIT(spent);

	actions_free(signals);
	spin_lock(&signals->lock);
	signal_flush(signals, &signals->shared, ~0ull, &spent);
	spin_unlock(&signals->lock);
	signal_free(&spent);
}

void thread_signals_destroy(struct thread *thread)
{
	struct signals *signals = &thread->process->signals;
	struct list spent = LIST_INIT(spent);

	spin_lock(&signals->lock);
	signal_flush(signals, &thread->signals.pending, ~0ull, &spent);
	spin_unlock(&signals->lock);
	signal_free(&spent);
}
