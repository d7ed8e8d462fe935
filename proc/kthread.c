/* SPDX-License-Identifier: MIT */
/* Kernel threads: created, ended and freed; and the idle thread. */
#include "proc/kthread.h"

#include "abi/errno.h"
#include "base/hart.h"
#include "lib/string.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/latency.h"
#include "sync/preempt.h"
#include "sync/spinlock.h"

static struct spinlock ended_lock = SPINLOCK_INIT(LOCK_RUNQ);
static struct list ended = LIST_INIT(ended); /* guarded by ended_lock; linked by thread.run_link */

static void kthread_main(void *arg)
{
	struct thread *thread = arg;

	sched_first();
	thread->main(thread->main_arg);
	kthread_exit();
}

static struct thread *kthread_prepare(const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *thread = thread_create(NULL);

	if (!thread)
		return NULL;
	str_copy(thread->name, name, sizeof(thread->name));
	thread->main = fn;
	thread->main_arg = arg;
	arch_thread_init(&thread->arch, thread->kstack, kthread_main, thread);
	thread->arch.hart = hart_this();
	return thread;
}

static void idle(void *arg)
{
	for (;;) {
		sched_idle();
		kthread_reap();
	}
}

/*
 * The idle thread is not preempted, not even by an interrupt before its first instruction: it is on
 * no queue, so it would not run again while other threads are ready.
 */
int kthread_init(void)
{
	struct thread *thread = kthread_prepare("idle", idle, NULL);

	if (!thread)
		return -ENOMEM;
	thread->arch.preempt.count = 1;
	hart_this()->idle = thread;
	return 0;
}

struct thread *kthread_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *thread;

	kthread_reap();
	thread = kthread_prepare(name, fn, arg);
	if (thread)
		thread_wake(thread);
	return thread;
}

void kthread_exit(void)
{
	unsigned long flags;

	preempt_disable(); /* for good: from now on kthread_reap() may find and free this thread */
	flags = spin_lock_irqsave(&ended_lock);
	list_add_tail(&ended, &current_thread()->run_link);
	spin_unlock_irqrestore(&ended_lock, flags);
	sched_leave();
}

void kthread_reap(void)
{
	for (;;) {
		unsigned long flags = spin_lock_irqsave(&ended_lock);
		struct list *node = list_pop(&ended);
		struct thread *thread;

		spin_unlock_irqrestore(&ended_lock, flags);
		if (!node)
			return;
		thread = list_entry(node, struct thread, run_link);
		sched_wait_left(thread);
		thread_destroy(thread);
	}
}
