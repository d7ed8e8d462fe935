/* SPDX-License-Identifier: MIT */
/* Decodes traps and calls their handlers: all but the paths that entry.S takes itself. */
#include "arch/riscv/trap.h"

#include "arch/irqflags.h"
#include "arch/bootmap.h"
#include "arch/page.h"
#include "arch/entry.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/fpu.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "arch/usercopy.h"
#include "base/panic.h"
#include "lib/bits.h"
#include "sync/irq.h"
#include "sync/lockorder.h"
#include "sync/preempt.h"

static const char *const cause_names[] = {
	[CAUSE_FETCH_MISALIGNED] = "misaligned fetch", [CAUSE_FETCH_ACCESS] = "fetch access fault",
	[CAUSE_ILLEGAL] = "illegal instruction",       [CAUSE_BREAKPOINT] = "breakpoint",
	[CAUSE_LOAD_MISALIGNED] = "misaligned load",   [CAUSE_LOAD_ACCESS] = "load access fault",
	[CAUSE_STORE_MISALIGNED] = "misaligned store", [CAUSE_STORE_ACCESS] = "store access fault",
	[CAUSE_FETCH_PAGE] = "fetch page fault",       [CAUSE_LOAD_PAGE] = "load page fault",
	[CAUSE_STORE_PAGE] = "store page fault",
};

static const char *cause_name(uint64_t cause)
{
	const char *name = cause < ARRAY_SIZE(cause_names) ? cause_names[cause] : NULL;

	return name ? name : "unknown trap";
}

static bool is_interrupt(uint64_t cause)
{
	return cause >> CAUSE_INTERRUPT_SHIFT;
}

void trap_take_kick(void)
{
	if (!(csr_fetch_clear(sip, SIE_SSIE) & SIE_SSIE))
		return;
	/* An interrupt that this write clears has its reason before what trap_kick() reads. A CSR is output. */
	__asm__ volatile("fence o, rw" ::: "memory");
	trap_kick();
}

static void trap_interrupt(struct trap_frame *frame, uint64_t cause)
{
	switch (cause & ~(1ul << CAUSE_INTERRUPT_SHIFT)) {
	case IRQ_TIMER:
		arch_timer_set(UINT64_MAX);
		trap_timer(frame_is_user(frame));
		break;
	case IRQ_EXTERNAL:
		trap_external();
		break;
	case IRQ_SOFT:
		trap_take_kick();
		break;
	default:
		panic_frame(frame, "unknown interrupt %lu", (unsigned long)cause & 0xff);
	}
}

static unsigned access_of(uint64_t cause)
{
	if (cause == CAUSE_STORE_PAGE)
		return VM_PROT_WRITE;
	return cause == CAUSE_LOAD_PAGE ? VM_PROT_READ : VM_PROT_EXEC;
}

void trap_user(struct trap_frame *frame, uint64_t cause, vaddr_t stval)
{
	enum trap_exception kind = TRAP_ACCESS;

	latency_begin(LATENCY_INTERRUPTS);
	frame->cause = cause;
	frame->stval = stval;
	if (cause == CAUSE_ILLEGAL && fpu_load_late(arch_this_thread())) {
		latency_end(LATENCY_INTERRUPTS);
		return;
	}
	if (is_interrupt(cause)) {
		trap_interrupt(frame, cause);
		latency_end(LATENCY_INTERRUPTS);
		return;
	}
	switch (cause) {
	case CAUSE_ILLEGAL:
		kind = TRAP_ILLEGAL;
		break;
	case CAUSE_BREAKPOINT:
		kind = TRAP_BREAKPOINT;
		break;
	case CAUSE_FETCH_MISALIGNED:
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_STORE_MISALIGNED:
		kind = TRAP_MISALIGNED;
		break;
	case CAUSE_FETCH_ACCESS:
	case CAUSE_LOAD_ACCESS:
	case CAUSE_STORE_ACCESS:
		break;
	default: /* a cause that is not defined yet */
		kind = TRAP_ILLEGAL;
	}
	irq_enable();
	trap_exception(frame, kind, stval);
	arch_irq_disable(); /* what is left is a few instructions in entry.S */
}

/*
 * The kernel tries something that the machine may refuse: arch_memory_answers() copies from a
 * kernel address, trap_try() executes an instruction. Private to the boot hart: set only at boot, while one hart runs.
 */
static bool probing;

bool trap_try(bool (*try)(void))
{
	bool answer;

	probing = true;
	answer = try();
	probing = false;
	return answer;
}

bool arch_memory_answers(paddr_t pa)
{
	char byte;
	bool answers;

	probing = true;
	answers = arch_copy_in(&byte, (vaddr_t)arch_phys_to_virt(pa), 1) == 0;
	probing = false;
	return answers;
}

/* Resolves a fault inside a user copy, or ends the copy. Returns false for any other trap. */
static bool user_copy_fault(struct trap_frame *frame, uint64_t cause, vaddr_t stval)
{
	vaddr_t fixup = usercopy_fixup(frame->pc);
	int r = -1;

	if (!fixup || (stval >= USER_TOP && !(probing && cause == CAUSE_LOAD_ACCESS)))
		return false;
	switch (cause) {
	case CAUSE_LOAD_PAGE:
	case CAUSE_STORE_PAGE:
		lockorder_assert_none_spinning();
		if (arch_preempt()->count) /* it may not wait; its caller copes with a failure */
			break;
		r = trap_fault(frame, stval, access_of(cause) | TRAP_COPY,
			       frame->status & SSTATUS_SPIE ? SSTATUS_SIE : 0);
		break;
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_STORE_MISALIGNED:
	case CAUSE_LOAD_ACCESS:
	case CAUSE_STORE_ACCESS:
		break;
	case CAUSE_ILLEGAL:
		if (!probing)
			return false;
		break;
	default:
		return false;
	}
	if (r)
		frame->pc = fixup;
	return true;
}

static void trap_in_kernel(struct trap_frame *frame, uint64_t cause, vaddr_t stval)
{
	if (is_interrupt(cause)) {
		trap_interrupt(frame, cause);
		/* Others run with SUM and FPU off, as here; the frame has this thread's state. */
		if (preempt_due())
			preempt_schedule_irq();
		/* A switch may have turned FS off in the user's frame meanwhile. */
		if (frame->pc == (vaddr_t)call_set_status)
			frame->pc = (vaddr_t)call_load_status;
		return;
	}
	if (!user_copy_fault(frame, cause, stval))
		panic_frame(frame, "%s in kernel mode at address %#lx", cause_name(cause), stval);
}

void trap_kernel(struct trap_frame *frame, uint64_t cause, vaddr_t stval)
{
	bool were_on = frame->status & SSTATUS_SPIE;

	if (were_on)
		latency_begin(LATENCY_INTERRUPTS);
	frame->cause = cause;
	frame->stval = stval;
	trap_in_kernel(frame, cause, stval);
	if (were_on)
		latency_end(LATENCY_INTERRUPTS);
}

void trap_stack_overflow(struct trap_frame *frame)
{
	panic_frame(frame, "kernel stack overflow: sp %#lx", frame_sp(frame));
}
