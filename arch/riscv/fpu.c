/* SPDX-License-Identifier: MIT */
/* Which thread's floating-point registers the FPU holds. */
/*
 * sstatus.FS in a thread's frame says where its registers are. Initial: all are zero. Clean: in
 * thread->fpu. Dirty: only in the FPU. Off: the thread never runs in user mode. The FPU keeps its
 * contents until another thread needs it, so that a thread that returns to an unused FPU loads
 * nothing. All this changes with preemption off, so that a switch never sees it half done.
 */
#include "arch/riscv/fpu.h"

#include "abi/errno.h"
#include "arch/usercopy.h"
#include "base/hart.h"
#include "sync/preempt.h"

static void fpu_set_clean(struct arch_thread *thread)
{
	unsigned long others = thread->frame.status & ~(1ul << 63 | SSTATUS_FS);

	thread->frame.status = others | SSTATUS_FS_CLEAN;
}

static void fpu_hold(struct arch_thread *thread)
{
	thread->fpu_hart = thread->hart;
	thread->hart->fpu_holder = thread;
}

void fpu_keep(struct arch_thread *thread)
{
	fpu_save(&thread->fpu);
	fpu_set_clean(thread);
	fpu_hold(thread);
}

void fpu_claim(struct arch_thread *thread)
{
	if ((thread->frame.status & SSTATUS_FS) == SSTATUS_FS_INITIAL) {
		fpu_zero();
		thread->hart->fpu_holder = NULL;
	} else {
		fpu_load(&thread->fpu);
		fpu_hold(thread);
	}
}

void arch_fpu_reset(void)
{
	struct arch_thread *thread = arch_this_thread();

	preempt_disable();
	thread->frame.status &= ~(1ul << 63 | SSTATUS_FS);
	thread->frame.status |= SSTATUS_FS_INITIAL;
	fpu_zero();
	thread->hart->fpu_holder = NULL;
	preempt_enable();
}

/* Loads the registers directly, with preemption off, so that it fails if a page is missing. */
static int load_from(struct arch_thread *thread, vaddr_t from)
{
	int err;

	preempt_disable();
	err = fpu_copy_in(from);
	if (!err)
		thread->frame.status |= 1ul << 63 | SSTATUS_FS;
	preempt_enable();
	return err;
}

int fpu_restore(vaddr_t from)
{
	struct arch_thread *thread = arch_this_thread();

	if (likely(!load_from(thread, from)))
		return 0;
	/*
	 * From here on, the FPU's contents belong to no thread. So a switch does not save them over
	 * what is being copied, and loads what has been copied by then.
	 */
	fpu_set_clean(thread);
	preempt_barrier();
	thread->fpu_hart = NULL;
	if (arch_copy_in(&thread->fpu, from, sizeof(thread->fpu)))
		return -EFAULT;
	preempt_disable();
	fpu_load(&thread->fpu);
	fpu_hold(thread);
	preempt_enable();
	return 0;
}
