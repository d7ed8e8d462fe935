/* SPDX-License-Identifier: MIT */
/* A user thread's registers as debuggers see them. */
#include "linux/arch/regs.h"

#include "arch/hart.h"
#include "arch/riscv/fpu.h"
#include "lib/string.h"
#include "sync/preempt.h"

_Static_assert(offsetof(struct trap_frame, x) == sizeof(uint64_t), "pc, then x1 to x31");
_Static_assert(sizeof(struct arch_fpregs) == sizeof(struct fpu_state), "f, then fcsr");

void arch_regs_give(void)
{
	struct arch_thread *thread = arch_this_thread();

	preempt_disable();
	if (fpu_dirty(thread))
		fpu_keep(thread);
	preempt_enable();
}

void arch_regs_take_back(void)
{
	struct arch_thread *thread = arch_this_thread();

	preempt_disable();
	if (!fpu_holds(thread))
		fpu_claim(thread);
	preempt_enable();
}

void arch_regs_get(const struct arch_thread *thread, struct arch_regs *ret)
{
	memcpy(ret, &thread->frame, sizeof(*ret));
}

void arch_fpregs_get(const struct arch_thread *thread, struct arch_fpregs *ret)
{
	if (fpu_is_initial(thread))
		memset(ret, 0, sizeof(*ret));
	else
		memcpy(ret, &thread->fpu, sizeof(*ret));
}

void arch_regs_set(struct arch_thread *thread, const struct arch_regs *regs, size_t n)
{
	memcpy(&thread->frame, regs, n);
}

/* The FPU of no hart holds them any more. */
void arch_fpregs_set(struct arch_thread *thread, const struct arch_fpregs *regs, size_t n)
{
	if (fpu_is_initial(thread))
		memset(&thread->fpu, 0, sizeof(thread->fpu));
	memcpy(&thread->fpu, regs, n);
	thread->fpu.fcsr &= 0xff;
	thread->frame.status = (thread->frame.status & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
	thread->fpu_hart = NULL;
}
