/* SPDX-License-Identifier: MIT */
/* Allocates and frees threads and their kernel stacks. */
#include "proc/thread.h"

#include "base/os_layer.h"
#include "lib/string.h"
#include "mm/phys/kmap.h"
#include "mm/swap/relieve.h"
#include "proc/loan.h"
#include "proc/sched.h"
#include "proc/stack_watch.h"

SLAB_CACHE(thread_cache, struct thread);

#ifndef FAULTLINE_HARDENED
/* So much a thread costs a kernel beside its registers and what a layer adds. */
_Static_assert(sizeof(struct thread) - sizeof(struct arch_thread) <= 344, "a thread stays small");
#endif

void thread_init(void)
{
	thread_cache.size = (uint32_t)os_layer.thread_size;
}

struct thread *thread_create(struct process *process)
{
	/* First what waits: the ledger looks at all threads of the cache. */
	void *kstack = kstack_alloc();
	struct thread *thread = kstack ? slab_alloc_wait(&thread_cache) : NULL;

	if (!thread) {
		if (kstack)
			kstack_free(kstack);
		return NULL;
	}
	memset((char *)thread + sizeof(thread->arch), 0,
	       os_layer.thread_size - sizeof(thread->arch));
	thread->arch.hart = hart_this(); /* arch_thread_init*() sets the rest of it */
	thread->process = process;
	thread->state = THREAD_NEW;
	thread->harts = UINT64_MAX;
	list_init(&thread->process_link);
	list_init(&thread->tid_link);
	sched_wake_last(thread);
	thread->kstack = kstack;
	stack_watch_begin(thread->kstack);
	os_layer.thread_made(thread);
	return thread;
}

void thread_destroy(struct thread *thread)
{
	if (unlikely(thread->has_borrowed))
		loan_forget(thread);
	stack_watch_end(thread);
	os_layer.thread_freed(thread);
	kstack_free(thread->kstack);
	slab_free(&thread_cache, thread);
}
