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
