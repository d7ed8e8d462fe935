/* SPDX-License-Identifier: MIT */
/* Threads as the processor sees them: prepared, switched, sent to user mode. */
#include "arch/context.h"

#include "arch/hart.h"
#include "arch/riscv/fpu.h"
#include "arch/riscv/switch.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "sync/preempt.h"

/* What runs before there are threads. It can't be preempted. start.S sets its stack. Private to the boot hart. */
struct arch_thread boot_thread = { .preempt = ARCH_PREEMPT_INIT(1) };

enum { SWITCHED_RA, SWITCHED_SP, SWITCHED_GP, SWITCHED_S0, SWITCHED_S1 };

static void thread_prepare(struct arch_thread *thread, void *kstack, void (*begin)(void), void *s0,
			   void *s1)
{
	assert_hardened(IS_ALIGNED((vaddr_t)kstack, KSTACK_SIZE) &&
			((vaddr_t)kstack & KSTACK_SIZE));
	thread->kernel_sp = (vaddr_t)kstack + KSTACK_SIZE;
	thread->work = 0;
	thread->preempt = (struct arch_preempt)ARCH_PREEMPT_INIT(0);
	thread->fpu_hart = NULL;
	thread->fpu_changed = thread->fpu_pinned = false;
	thread->has_rseq = thread->rseq_due = false;
	thread->switched[SWITCHED_RA] = (vaddr_t)begin;
	thread->switched[SWITCHED_SP] = thread->kernel_sp;
	thread->switched[SWITCHED_S0] = (vaddr_t)s0;
	thread->switched[SWITCHED_S1] = (vaddr_t)s1;
}

vaddr_t arch_thread_sp(const struct arch_thread *thread)
{
	return thread->switched[SWITCHED_SP];
}

vaddr_t arch_thread_pc(const struct arch_thread *thread)
{
	return thread->switched[SWITCHED_RA];
}

void arch_thread_init(struct arch_thread *thread, void *kstack, void (*fn)(void *), void *arg)
{
	thread_prepare(thread, kstack, thread_begin, (void *)fn, arg);
	thread->frame.status = 0;
}

void arch_thread_init_fork(struct arch_thread *thread, void *kstack, const struct trap_frame *frame,
			   void (*first)(void))
{
	struct arch_thread *parent = arch_this_thread();

	thread_prepare(thread, kstack, thread_begin_user, (void *)first, NULL);
	preempt_disable();
	if (fpu_dirty(parent))
		fpu_keep(parent);
	preempt_enable();
	thread->frame = *frame;
	if (!fpu_is_initial(parent))
		thread->fpu = parent->fpu;
}

struct trap_frame *arch_thread_frame(struct arch_thread *thread)
{
	return &thread->frame;
}

void arch_frame_start(struct trap_frame *frame, vaddr_t pc, vaddr_t sp)
{
	struct arch_thread *thread = container_of(frame, struct arch_thread, frame);

	memset(frame, 0, sizeof(*frame));
	frame->pc = pc;
	frame->x[FRAME_SP] = sp;
	frame->status = SSTATUS_UXL_64 | SSTATUS_SPIE | SSTATUS_FS_INITIAL | SSTATUS_SUM_OPEN;
	arch_frame_replaced(thread);
}

void arch_user_start(vaddr_t pc, vaddr_t sp)
{
	struct arch_thread *thread = arch_this_thread();

	preempt_disable(); /* the FPU has the old program's registers, and the frame says that all are 0 */
	arch_frame_start(&thread->frame, pc, sp);
	fpu_claim(thread);
	preempt_enable();
}

void arch_frame_call(struct trap_frame *frame, const struct arch_frame_call *call)
{
	frame->pc = call->function;
	frame->x[FRAME_RA] = call->ret;
	frame->x[FRAME_SP] = call->sp;
	for (unsigned i = 0; i < ARRAY_SIZE(call->args); i++)
		frame->x[FRAME_A0 + i] = call->args[i];
}

void arch_frame_replaced(struct arch_thread *thread)
{
	__atomic_fetch_or(&thread->work, ARCH_WORK_FRAME, __ATOMIC_RELAXED);
}

/* Switches stacks when at least one of the two threads uses the FPU. */
static __attribute__((noinline)) bool switch_with_fpu(struct arch_thread *from,
						      struct arch_thread *to, bool word)
{
	if (fpu_dirty(from)) {
		fpu_keep(from);
		from->fpu_changed = true;
	}
	if (!fpu_holds(to)) {
		if (to->fpu_changed || to->fpu_pinned || fpu_is_initial(to))
			fpu_claim(to);
		else
			to->frame.status &= ~SSTATUS_FS;
		to->fpu_changed = false;
	}
	return switch_stacks(from, to, word);
}

bool arch_switch(struct arch_thread *from, struct arch_thread *to, bool word)
{
	/* Only user copies have them on. If one is preempted, they are in its trap frame. */
	assert_hardened(!(csr_read(sstatus) & (SSTATUS_SUM_COPY | SSTATUS_FS)));
	to->hart = from->hart;
	if (likely(!fpu_dirty(from) && fpu_holds(to)))
		return switch_stacks(from, to, word);
	return switch_with_fpu(from, to, word);
}

void thread_ended(void)
{
	panic("a kernel thread returned from its function");
}
