/* SPDX-License-Identifier: MIT */
/* Threads as memory: their structs and kernel stacks, and the kernel's own threads. */
#include "proc/thread.h"

#include "arch/timer.h"
#include "base/hart.h"
#include "lib/string.h"
#include "mm/phys/kmap.h"
#include "mm/relieve.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/stack_watch.h"
#include "sync/spinlock.h"

SLAB_CACHE(thread_cache, struct thread);

static struct spinlock graveyard_lock = SPINLOCK_INIT(LOCK_RUNQ);
static struct list graveyard = LIST_INIT(graveyard); /* dead kernel threads; guarded by the lock */

struct thread *thread_create(struct process *process)
{
	struct thread *thread = slab_alloc_wait(&thread_cache);

	if (!thread)
		return NULL;
	memset((char *)thread + sizeof(thread->arch), 0, sizeof(*thread) - sizeof(thread->arch));
	thread->arch.hart = NULL; /* the rest of it is made by arch_thread_init*() */
	thread->process = process;
	thread->state = THREAD_NEW;
	thread->left_tick = arch_time();
	thread->kstack = kstack_alloc();
	if (!thread->kstack) {
		slab_free(&thread_cache, thread);
		return NULL;
	}
	stack_watch_begin(thread->kstack);
	return thread;
}

void thread_destroy(struct thread *thread)
{
	while (!sched_has_left(thread))
		sched_yield();
	stack_watch_end(thread);
	kstack_free(thread->kstack);
	slab_free(&thread_cache, thread);
}

const char *thread_name(const struct thread *thread)
{
	return thread->process ? thread->process->comm : thread->name;
}

static void kthread_main(void *arg)
{
	struct thread *thread = arg;

	sched_first();
	thread->main(thread->main_arg);
	kthread_exit();
}

struct thread *kthread_prepare(const char *name, void (*fn)(void *arg), void *arg)
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

struct thread *kthread_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	struct thread *thread;

	kthread_bury_dead();
	thread = kthread_prepare(name, fn, arg);
	if (thread)
		thread_wake(thread);
	return thread;
}

void kthread_exit(void)
{
	unsigned long flags;

	preempt_disable(); /* for good: who finds it in the graveyard frees it */
	flags = spin_lock_irqsave(&graveyard_lock);
	list_add_tail(&graveyard, &current_thread()->run_link);
	spin_unlock_irqrestore(&graveyard_lock, flags);
	sched_leave();
}

void kthread_bury_dead(void)
{
	for (;;) {
		unsigned long flags = spin_lock_irqsave(&graveyard_lock);
		struct list *node = list_pop(&graveyard);

		spin_unlock_irqrestore(&graveyard_lock, flags);
		if (!node)
			return;
		thread_destroy(list_entry(node, struct thread, run_link));
	}
}
