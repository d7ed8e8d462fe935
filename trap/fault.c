/* SPDX-License-Identifier: MIT */
/* Page faults of the running process: asked of mm until served, waited for, or refused. */
#include "mm/fault.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "base/log.h"
#include "base/trace.h"
#include "lib/bits.h"
#include "mm/relieve.h"
#include "proc/process.h"
#include "proc/signal/send.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "sync/irq.h"
#include "trap/fault_loop.h"
#include "trap/report.h"

#define VM_PROT_ALL (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

/* What a fault keeps while it is served. (On the stack: registers would have to be saved first.) */
struct turn {
	struct vm_wait wait;
	struct relief relief; /* made by again() */
	struct trap_frame *frame;
	vaddr_t addr;
	unsigned access;
	struct trace_fault *record;
};

/*
 * The record is made in place, before the fault is served: a panic inside mm shows it. => interrupts
 * off, here and at its end
 */
static inline struct trace_fault *trace_begin(int pid, vaddr_t pc, vaddr_t addr, unsigned access)
{
	struct trace_fault *record = trace_next(&hart_this()->faults);

	record->time = arch_time();
	record->pc = pc;
	record->addr = addr;
	record->thread = current_thread();
	record->pid = pid;
	record->begun = access;
	record->cost = (uint32_t)arch_instructions();
	return record;
}

/* Others may have run, so long that the ring came round: then it is another fault's. */
static inline bool trace_is_ours(const struct turn *turn)
{
	return likely(turn->record->thread == current_thread());
}

static inline void trace_end(const struct turn *turn)
{
	struct trace_fault *record = turn->record;

	if (!trace_is_ours(turn))
		return;
	record->kind = (uint8_t)turn->wait.kind;
	record->cost = (uint32_t)arch_instructions() - record->cost;
}

/* result: the signal that it became, or negative errno of a copy. */
static void trace_end_with(const struct turn *turn, int result)
{
	if (trace_is_ours(turn))
		turn->record->result = (int16_t)result;
	trace_end(turn);
}

static int code_of(int outcome)
{
	if (outcome == VM_BUS)
		return BUS_ADRERR;
	return outcome == VM_SEGV_ACCERR ? SEGV_ACCERR : SEGV_MAPERR;
}

/* From user mode the program's handler gets it, or the process ends; a copy fails. */
static int refuse(const struct trap_frame *frame, vaddr_t addr, unsigned access, int outcome)
{
	const struct signal_info info = {
		.sig = outcome == VM_BUS ? SIGBUS : SIGSEGV,
		.code = code_of(outcome),
		.about = SIGNAL_OF_FAULT,
		.value = addr,
	};

	if (access & TRAP_COPY)
		return -EFAULT;
	if (signal_fault(&info))
		return 0;
	report_fault(frame, addr, access & VM_PROT_ALL, outcome, info.sig);
	signal_force(current_process(), info.sig);
	return 0;
}

/* No frame to be had even so: nobody is left who could give one. */
static int starve(vaddr_t addr, unsigned access)
{
	struct process *process = current_process();

	if (access & TRAP_COPY)
		return -ENOMEM;
	log_warn(
		"mm",
		"out of memory: killed %s[%d]: no frame for its page at %#lx, and nobody to take one from",
		process->thread->name, process->pid, (unsigned long)ALIGN_DOWN(addr, PAGE_SIZE));
	signal_force(process, SIGKILL);
	return -ENOMEM;
}

/* A program's own access can be made again after a signal; a system call goes on. */
static int wait_for_page(unsigned access, const struct vm_wait *wait)
{
	return access & TRAP_COPY ? thread_wait(wait->queue, wait->seq)
				  : thread_wait_fault(wait->queue, wait->seq);
}

/* To wait, or to get memory. As handle(). */
__attribute__((noinline)) static int help(struct turn *turn, int outcome)
{
	int err;

	if (outcome == VM_WAIT)
		err = wait_for_page(turn->access, &turn->wait);
	else
		err = relieve(&turn->relief);
	return err == -ENOMEM ? starve(turn->addr, turn->access) : err;
}

/*
 * Anything but success. 0: ask again; positive: run the program again, which may be about to end;
 * negative errno: the copy ends.
 */
static int handle(struct turn *turn, int outcome)
{
	int err;

	if (outcome == VM_DYING)
		signal_force(current_process(), SIGKILL); /* stripped: no use to anybody */
	if (current_killed())
		err = -EINTR;
	else if (outcome == VM_WAIT || outcome == VM_OOM)
		err = help(turn, outcome);
	else
		err = refuse(turn->frame, turn->addr, turn->access, outcome) ?: 1;
	return err < 0 && !(turn->access & TRAP_COPY) ? 1 : err;
}

/* The signal that the fault became; 0: none. */
static int became(void)
{
	const struct signals *signals = &current_process()->signals;

	return atomic_load(&signals->fatal) ?: signals->fault.sig;
}

/* The first try was not enough. (Kept out of the fast path, whose registers it would take.) */
__attribute__((noinline, cold)) static int again(struct turn *turn, int outcome)
{
	int end;

	turn->relief = (struct relief){ 0 };
	while ((end = handle(turn, outcome)) == 0) {
		outcome = vm_fault(current_space(), turn->addr, turn->access, &turn->wait);
		if (outcome == 0)
			break;
	}
	arch_irq_disable(); /* till user mode, or the copy: a few instructions */
	trace_end_with(turn, end > 0 ? became() : end);
	return end > 0 ? 0 : end;
}

int trap_fault(struct trap_frame *frame, vaddr_t addr, unsigned access, unsigned long irq)
{
	struct process *process = current_process();
	vaddr_t pc = frame_pc(frame);
	struct turn turn;
	int outcome;

	if (unlikely(!process || !process->uspace))
		return -EFAULT;
	latency_begin(LATENCY_INTERRUPTS);
	turn.record = trace_begin(process->pid, pc, addr, access);
	loop_check(pc, addr, access);
	turn.frame = frame;
	turn.addr = addr;
	turn.access = access;
	irq_restore(irq);
	outcome = vm_fault(&process->uspace->space, addr, access, &turn.wait);
	if (unlikely(outcome != 0))
		return again(&turn, outcome);
	arch_irq_disable(); /* till user mode, or the copy: a few instructions */
	trace_end(&turn);
	return 0;
}
