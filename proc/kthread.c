/* SPDX-License-Identifier: MIT */
/* Kernel threads, from creation to reaping; autoreaped processes are reaped here, too; and the idle thread. */
#include "proc/kthread.h"

#include "abi/errno.h"
#include "base/hart.h"
#include "lib/string.h"
#include "proc/pid.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/latency.h"
#include "sync/preempt.h"
#include "sync/spinlock.h"

static struct spinlock ended_lock = SPINLOCK_INIT(LOCK_RUNQ);
static struct list ended = LIST_INIT(ended); /* guarded by ended_lock; linked by thread.run_link */
uint32_t kthread_nended;

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
	thread->arch.who = 0;
	thread->main = fn;
	thread->main_arg = arg;
	arch_thread_init(&thread->arch, thread->kstack, kthread_main, thread);
	thread->arch.hart = hart_this();
	return thread;
}

void kthread_be_idle(void)
{
	for (;;) {
		sched_idle();
		kthread_reap();
	}
}

static void idle(void *arg)
{
	kthread_be_idle();
}

/*
 * The idle thread is not preempted, not even by an interrupt before its first instruction: it is on
 * no queue, so it would not run again while other threads are ready.
 */
struct thread *kthread_idle(struct hart *hart, void *arg)
{
	struct thread *thread = kthread_prepare("idle", idle, arg);

	if (!thread)
		return NULL;
	thread->arch.preempt.count = 1;
	thread->arch.hart = hart;
	return thread;
}

int kthread_init(void)
{
	thread_init();
	process_init();
	hart_this()->idle = kthread_idle(hart_this(), NULL);
	return hart_this()->idle ? 0 : -ENOMEM;
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
	preempt_disable(); /* for good: from now on kthread_reap() may find and free this thread */
	kthread_reap_later(current_thread());
	sched_leave();
}

void kthread_reap_later(struct thread *thread)
{
	unsigned long flags = spin_lock_irqsave(&ended_lock);

	list_add_tail(&ended, &thread->run_link);
	atomic_store_relaxed(&kthread_nended, kthread_nended + 1);
	spin_unlock_irqrestore(&ended_lock, flags);
}

static struct thread *next_ended(void)
{
	unsigned long flags = spin_lock_irqsave(&ended_lock);
	struct list *node = list_pop(&ended);

	if (node)
		atomic_store_relaxed(&kthread_nended, kthread_nended - 1);
	spin_unlock_irqrestore(&ended_lock, flags);
	return node ? list_entry(node, struct thread, run_link) : NULL;
}

void kthread_reap(void)
{
	struct process *process;
	struct thread *thread;

	while (kthread_any_ended() && (thread = next_ended())) {
		process = thread->process;
		if (list_empty(&thread->process_link)) {
			sched_wait_left(thread);
			thread_destroy(thread);
		} else {
			process_drop_threads(process);
			process_destroy(process);
		}
	}
}
