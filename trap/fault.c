/* SPDX-License-Identifier: MIT */
/* Page faults of the running process: calls vm_fault() until the fault is resolved or refused. */
#include "mm/fault.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "arch/context.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "base/journal.h"
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
#include "trap/fault_note.h"
#include "trap/report.h"

#define VM_PROT_ALL (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

/*
 * What a fault needs while it is resolved. It is kept on the stack, because values in registers
 * would have to be saved there first.
 */
struct user_fault {
	struct vm_wait wait;
	struct relief relief; /* set by again() */
	bool waited;	      /* the same */
	vaddr_t addr;
	unsigned access;
	struct trace_fault *record;
};

/*
 * The record is filled in place before the fault is resolved, so that a panic inside mm shows it.
 * Called with interrupts off; trace_end() is too.
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

/* If other threads have run for long, the ring may have come round to another fault. */
static inline bool trace_is_ours(const struct user_fault *fault)
{
	return likely(fault->record->thread == current_thread());
}

static inline void trace_complete(const struct user_fault *fault, struct trace_fault *record)
{
	record->kind = (uint8_t)fault->wait.kind;
	record->cost = (uint32_t)arch_instructions() - record->cost;
}

static inline void trace_end(const struct user_fault *fault)
{
	struct trace_fault *record = fault->record;

	if (!trace_is_ours(fault))
		return;
	trace_complete(fault, record);
}

/*
 * Ends a fault that was not resolved at once. result: 0, the signal that the fault became, or the
 * negative errno of a user copy. Turns interrupts off, until user mode or the copy resumes, a few
 * instructions later.
 */
static void trace_end_with(const struct user_fault *fault, int result)
{
	if (journal_is_on())
		fault_note(trace_is_ours(fault) ? fault->record : NULL, &fault->wait, fault->addr,
			   fault->access, result, fault->waited);
	arch_irq_disable();
	if (trace_is_ours(fault))
		fault->record->result = (int16_t)result;
	trace_end(fault);
}

static int code_of(int outcome)
{
	if (outcome == VM_BUS)
		return BUS_ADRERR;
	return outcome == VM_SEGV_ACCERR ? SEGV_ACCERR : SEGV_MAPERR;
}

/* A fault from user mode goes to the program's handler, or ends the process. A user copy fails. */
static int refuse(const struct user_fault *fault, int outcome)
{
	const struct signal_info info = {
		.sig = outcome == VM_BUS ? SIGBUS : SIGSEGV,
		.code = code_of(outcome),
		.about = SIGNAL_OF_FAULT,
		.value = fault->addr,
	};

	if (fault->access & TRAP_COPY)
		return -EFAULT;
	if (signal_fault(&info))
		return 0;
	report_fault(arch_thread_frame(arch_this_thread()), fault->addr,
		     fault->access & VM_PROT_ALL, outcome, fault->wait.kind, info.sig);
	signal_force(current_process(), info.sig);
	return 0;
}

/* No page can be had, and no process is left to kill for one. */
static int out_of_memory(vaddr_t addr, unsigned access)
{
	struct process *process = current_process();

	if (access & TRAP_COPY)
		return -ENOMEM;
	log_warn(
		"mm",
		"out of memory: killed %s[%d]: no frame for its page at %#lx, and no other process to kill",
		current_thread()->name, process->pid, (unsigned long)ALIGN_DOWN(addr, PAGE_SIZE));
	signal_force(process, SIGKILL);
	return -ENOMEM;
}

/*
 * A program's own access can be repeated after a signal, so any signal ends the wait. A system call
 * goes on, so only a kill does.
 */
static int wait_for_page(unsigned access, const struct vm_wait *wait)
{
	return access & TRAP_COPY ? thread_wait(wait->queue, wait->seq)
				  : thread_wait_fault(wait->queue, wait->seq);
}

/* Waits, or relieves a shortage of memory. Returns as handle() does. */
static int wait_or_relieve(struct user_fault *fault, int outcome)
{
	int err;

	if (outcome == VM_WAIT)
		err = wait_for_page(fault->access, &fault->wait);
	else
		err = relieve(&fault->relief);
	return err == -ENOMEM ? out_of_memory(fault->addr, fault->access) : err;
}

/*
 * Handles every result of vm_fault() except success. Returns 0 to call it again; positive to return
 * to user mode, where a pending signal may end the process; or a negative errno, with which the
 * user copy fails.
 */
static int handle(struct user_fault *fault, int outcome)
{
	int err;

	if (outcome == VM_DYING)
		signal_force(current_process(), SIGKILL); /* the OOM reaper has taken its memory */
	if (current_killed())
		err = -EINTR;
	else if (outcome == VM_WAIT || outcome == VM_OOM)
		err = wait_or_relieve(fault, outcome);
	else
		err = refuse(fault, outcome) ?: 1;
	return err < 0 && !(fault->access & TRAP_COPY) ? 1 : err;
}

/*
 * The slow path, when the first try did not succeed. Not inline: trap_fault() would save more
 * registers, and bss_read_fault would lose 5%.
 */
__attribute__((noinline, cold)) static int again(struct user_fault *fault, int outcome)
{
	struct thread *thread = current_thread();
	int end = 0;

	fault->waited = false;
	fault->relief = (struct relief){ 0 };
	while (outcome != VM_RECORDED && (end = handle(fault, outcome)) == 0) {
		fault->waited |= outcome == VM_WAIT && !journal_has_queue(fault->wait.queue);
		outcome = vm_fault(current_space(), fault->addr, fault->access, &fault->wait);
		if (outcome == VM_OK)
			break;
	}
	if (!end)
		*(fault->waited ? &thread->major_faults : &thread->minor_faults) += 1;
	trace_end_with(fault, end > 0 ? fault_signal() : end);
	return end > 0 ? 0 : end;
}

/*
 * Other threads have run for long, and the trace record is gone. Not by trace_end_with(): with another
 * caller that would be a function of its own, and segv_unprotect would lose 13 instructions.
 */
static __attribute__((noinline, cold)) int end_late(const struct user_fault *fault)
{
	fault_note(NULL, &fault->wait, fault->addr, fault->access, 0, false);
	arch_irq_disable();
	return 0;
}

/* Ends a fault that is recorded, and was resolved at once. Turns interrupts off, as trace_end_with() does. */
static __attribute__((noinline)) int end_recorded(struct user_fault *fault)
{
	struct trace_fault *record = fault->record;

	current_thread()->minor_faults++;
	if (unlikely(record->thread != current_thread()))
		return end_late(fault);
	fault_note_resolved(record, &fault->wait, fault->addr, fault->access);
	arch_irq_disable();
	trace_complete(fault, record);
	return 0;
}

int trap_fault(struct trap_frame *frame, vaddr_t addr, unsigned access, unsigned long irq)
{
	struct process *process = current_process();
	vaddr_t pc = frame_pc(frame);
	struct user_fault fault;
	int outcome;

	if (unlikely(!process || !process->uspace))
		return -EFAULT;
	latency_begin(LATENCY_INTERRUPTS);
	fault.record = trace_begin(process->pid, pc, addr, access);
	loop_check(pc, addr, access);
	vm_wait_init(&fault.wait);
	fault.addr = addr;
	fault.access = access;
	irq_restore(irq);
	outcome = vm_fault(&process->uspace->space, addr, access, &fault.wait);
	if (unlikely(outcome != 0))
		return outcome == VM_RECORDED ? end_recorded(&fault) : again(&fault, outcome);
	current_thread()->minor_faults++;
	arch_irq_disable(); /* until user mode or the copy resumes, a few instructions later */
	trace_end(&fault);
	return 0;
}
