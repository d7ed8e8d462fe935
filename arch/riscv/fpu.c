/* SPDX-License-Identifier: MIT */
/* Which thread's floating-point registers the FPU holds. */
/*
 * sstatus.FS in a thread's frame says where its registers are. Initial: all are zero. Clean: in
 * thread->fpu, and in the FPU while the thread runs. Off: in thread->fpu alone; or the thread never runs in user mode.
 * Dirty: only in the FPU. The FPU keeps its contents until another thread needs it, so that a thread that returns to an unused
 * FPU loads nothing.
 *
 * Nearly every program has used the FPU once, in its C library, and few use it all the time. So a switch loads the registers of
 * those threads only that had changed them before they were switched from. Another one runs with FS off, and its first instruction
 * that needs the FPU traps.
 *
 * All this changes with preemption off, so that a switch never sees it half done.
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

static void fpu_bring(struct arch_thread *thread)
{
	fpu_load(&thread->fpu);
	fpu_set_clean(thread);
	fpu_hold(thread);
}

bool fpu_load_late(struct arch_thread *thread)
{
	if (!fpu_is_off(thread))
		return false;
	fpu_bring(thread);
	return true;
}

void fpu_load_pinned(struct arch_thread *thread)
{
	preempt_disable();
	(void)fpu_load_late(thread);
	preempt_enable();
}

void fpu_claim(struct arch_thread *thread)
{
	if (fpu_is_initial(thread)) {
		fpu_zero();
		thread->hart->fpu_holder = NULL;
	} else {
		fpu_bring(thread);
	}
}
