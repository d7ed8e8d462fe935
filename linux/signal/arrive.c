/* SPDX-License-Identifier: MIT */
/* Queues that are woken by signals. Processes share them by their pids. */
#include "linux/signal/arrive.h"

#include "lib/bits.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/queue.h"
#include "linux/time/ptimer.h"
#include "proc/process.h"
#include "sync/irq.h"

#define QUEUES 64

static struct waitq queues[QUEUES];
uint64_t signal_watchers; /* atomic */

void signal_arrivals_init(void)
{
	for (unsigned i = 0; i < QUEUES; i++)
		waitq_init(&queues[i]);
}

struct waitq *signal_arrivals(const struct process *process)
{
	return &queues[(unsigned)process->pid % QUEUES];
}

/* Preemption may be off, so one waiter is woken, and wakes the others. */
void signal_arrived(const struct process *process)
{
	unsigned long flags;

	/* The signal is pending before this look: who counts himself after it finds the signal. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (likely(atomic_load(&signal_watchers) == 0))
		return;
	flags = irq_save();
	waitq_wake_relay(signal_arrivals(process));
	irq_restore(flags);
}

bool signal_any_pending(uint64_t set)
{
	struct process *process = current_process();
	const struct thread_signals *own = &current_task()->signals;

	ptimers_take(&linux_process(process)->timers);
	return ((atomic_load(&linux_process(process)->signals.shared.set) |
		 atomic_load(&own->pending.set)) &
		set) != 0;
}

int signal_take_any(uint64_t set, struct signal_info *info_ret)
{
	const struct thread *thread = current_thread();
	struct signals *signals = &linux_process(thread->process)->signals;
	bool taken;

	spin_lock(&signals->lock);
	taken = !task_of(thread)->signals.fault.sig && signal_take(set, info_ret);
	spin_unlock(&signals->lock);
	if (!taken)
		return 0;
	signal_taken(info_ret);
	return info_ret->sig;
}
