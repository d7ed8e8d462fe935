/* Whose floating-point registers the FPU holds. */
/*
 * sstatus.FS in a thread's frame says what is known of them: Initial, all zero; Clean, as in
 * thread->fpu; Dirty, only in the FPU. Off: a thread that never runs in user mode. The FPU keeps
 * what it holds until another thread needs it, so that a thread that comes back to an unused FPU
 * loads nothing.
 */
#include "arch/riscv/fpu.h"

#include "base/hart.h"

/*
 * For each hart: the thread whose registers its FPU holds if thread->fpu_hart agrees; NULL: zeros.
 */
static struct arch_thread *holder[HART_MAX];

void fpu_keep(struct arch_thread *thread)
{
	fpu_save(&thread->fpu);
	thread->frame.status &= ~(1ul << 63 | SSTATUS_FS);
	thread->frame.status |= SSTATUS_FS_CLEAN;
	thread->fpu_hart = thread->hart;
	holder[thread->hart->index] = thread;
}

void fpu_claim(struct arch_thread *thread)
{
	struct arch_thread **held = &holder[thread->hart->index];

	if ((thread->frame.status & SSTATUS_FS) == SSTATUS_FS_INITIAL) {
		if (*held)
			fpu_zero();
		*held = NULL;
	} else if (*held != thread || thread->fpu_hart != thread->hart) {
		fpu_load(&thread->fpu);
		*held = thread;
		thread->fpu_hart = thread->hart;
	}
}

void arch_fpu_reset(void)
{
	struct arch_thread *thread = arch_this_thread();

	thread->frame.status &= ~(1ul << 63 | SSTATUS_FS);
	thread->frame.status |= SSTATUS_FS_INITIAL;
	fpu_zero();
	holder[thread->hart->index] = NULL;
}
