/* SPDX-License-Identifier: MIT */
/* Provides mm/host.h: pauses, waits, and checks of the mmap lock. */
#include "proc/mm_host.h"

#include "abi/errno.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "mm/fault/userfault.h"
#include "mm/host.h"
#include "mm/vm_wait.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/uspace.h"
#include "proc/wait.h"
#include "record/journal.h"

/* Until a program has resolved the fault there. */
static __attribute__((noinline)) int wait_for_program(const struct vm_wait *wait, vaddr_t address,
						      bool interruptible)
{
	struct userfault_waiter waiter;
	int err;

	if (!userfault_enter(wait, address, current_thread()->tid, &waiter))
		return 0;
	if (interruptible)
		err = thread_wait_fault(&waiter.woken, waiter.seq);
	else
		err = thread_wait(&waiter.woken, waiter.seq);
	userfault_leave(&waiter);
	return err;
}

int thread_wait_memory(const struct vm_wait *wait, vaddr_t address, bool interruptible)
{
	if (unlikely(wait->why == WAITS_FOR_USERFAULT))
		return wait_for_program(wait, address, interruptible);
	return interruptible ? thread_wait_fault(wait->queue, wait->seq)
			     : thread_wait(wait->queue, wait->seq);
}

static int host_pause(struct vm_wait *wait)
{
	struct thread *thread = hart_this()->current;

	lockorder_assert_none_spinning();
	if (!thread)
		return 0; /* during boot there are no threads */
	if (wait)
		return thread_wait_memory(wait, wait->va, false);
	if (likely(atomic_load_relaxed(&thread->arch.work) == 0))
		return 0;
	journal_catch_up();
	return current_killed() ? -EINTR : 0;
}

static bool host_mmap_locked(struct space *space)
{
	return mutex_held(&space_to_uspace(space)->mmap_lock);
}

static void host_tell(struct space *space)
{
	struct uspace *uspace = space_to_uspace(space);

	uspace_end_verb(uspace);
	uspace_lock(uspace);
}

static void host_grab_space(struct space *space)
{
	uspace_grab(space_to_uspace(space));
}

static bool host_is_ending(void)
{
	const struct thread *thread = hart_this()->current;

	return thread && thread->process && thread->process->state == PROCESS_EXITING;
}

void mm_host_init(void)
{
	mm_host.pause = host_pause;
	mm_host.is_ending = host_is_ending;
	mm_host.tell = host_tell;
	mm_host.grab_space = host_grab_space;
	mm_host.mmap_locked = host_mmap_locked;
	mm_host.wait_always = thread_wait_always;
}
