/* Signal frames on RISC-V: registers out and in, a handler's first registers. */
#include "arch/signal.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/hart.h"
#include "arch/riscv/fpu.h"
#include "arch/usercopy.h"

enum { FRAME_A1 = FRAME_A0 + 1, FRAME_A2 = FRAME_A0 + 2 };

#define AT(base, field) ((base) + offsetof(struct arch_sigcontext, field))
#define REGISTERS	sizeof(((struct arch_sigcontext *)0)->x)
#define FLOATS		offsetof(struct fpu_state, fcsr)
#define ZEROS_BEGIN	offsetof(struct arch_sigcontext, unused)

_Static_assert(offsetof(struct trap_frame, x) == sizeof(uint64_t), "pc, then x1 to x31");

int arch_sigcontext_save(vaddr_t to)
{
	struct arch_thread *thread = arch_this_thread();
	uint32_t fcsr;

	if (fpu_dirty(thread))
		fpu_keep(thread);
	if (arch_copy_out(to, &thread->frame, REGISTERS))
		return -EFAULT;
	if ((thread->frame.status & SSTATUS_FS) == SSTATUS_FS_INITIAL)
		return arch_clear_out(AT(to, f), sizeof(struct arch_sigcontext) - REGISTERS)
			       ? -EFAULT
			       : 0;
	fcsr = (uint32_t)thread->fpu.fcsr;
	if (arch_copy_out(AT(to, f), thread->fpu.f, FLOATS) ||
	    arch_copy_out(AT(to, fcsr), &fcsr, sizeof(fcsr)) ||
	    arch_clear_out(AT(to, unused), sizeof(struct arch_sigcontext) - ZEROS_BEGIN))
		return -EFAULT;
	return 0;
}

int arch_sigcontext_load(vaddr_t from)
{
	struct arch_thread *thread = arch_this_thread();
	uint32_t fcsr, end[3];

	if (arch_copy_in(&thread->frame, from, REGISTERS))
		return -EFAULT;
	arch_frame_replaced(thread);
	if (arch_copy_in(thread->fpu.f, AT(from, f), FLOATS) ||
	    arch_copy_in(&fcsr, AT(from, fcsr), sizeof(fcsr)))
		return -EFAULT;
	thread->fpu.fcsr = fcsr;
	fpu_replaced(thread);
	if (arch_copy_in(end, AT(from, end), sizeof(end)))
		return -EFAULT;
	return end[0] || end[1] || end[2] ? -EINVAL : 0;
}

void arch_signal_call(struct trap_frame *frame, const struct arch_signal_call *call)
{
	frame->pc = call->handler;
	frame->x[FRAME_RA] = call->ret;
	frame->x[FRAME_SP] = call->sp;
	frame->x[FRAME_A0] = (unsigned long)call->sig;
	frame->x[FRAME_A1] = call->info;
	frame->x[FRAME_A2] = call->ucontext;
}
