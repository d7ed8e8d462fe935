/* SPDX-License-Identifier: MIT */
/* Page faults of the running process: calls vm_fault() until the fault is resolved or refused. */
#include "mm/fault/fault.h"

#include "abi/errno.h"
#include "arch/context.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "base/log.h"
#include "base/os_layer.h"
#include "lib/bits.h"
#include "mm/swap/relieve.h"
#include "proc/mm_host.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "record/fault.h"
#include "record/trace.h"
#include "sync/irq.h"
#include "trap/fault_loop.h"
#include "trap/report.h"

#define VM_PROT_ALL (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

/*
 * What a fault needs while it is resolved. It is kept on the stack, because values in registers
 * would have to be saved there first.
 */
struct user_fault {
	struct vm_wait wait;
	struct relief relief; /* set by retry_fault() */
	bool waited;	      /* set by retry_fault(), too */
	int copy_error;	      /* for FAULT_COPY_FAILS: the negative errno of the user copy */
	vaddr_t addr;
	unsigned access;
	struct trace_fault *record;
};

/* What follows an outcome of vm_fault() that is not VM_OK. */
enum fault_next {
	FAULT_RETRY,	  /* vm_fault() once more */
	FAULT_TO_USER,	  /* return to user mode, where a signal is pending */
	FAULT_COPY_FAILS, /* the user copy ends with copy_error */
};

/*
 * The record is filled in place before the fault is resolved, so that a panic inside mm shows it.
 * Called with interrupts off; trace_end() is too.
 */
static inline struct trace_fault *trace_begin(int pid, vaddr_t pc, vaddr_t addr, unsigned access)
{
	struct trace_fault *record = trace_next(hart_this()->faults);

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
		fault_note(current_space(), trace_is_ours(fault) ? fault->record : NULL,
			   &fault->wait, fault->addr, fault->access, result, fault->waited);
	arch_irq_disable();
	if (trace_is_ours(fault))
		fault->record->result = (int16_t)result;
	trace_end(fault);
}

static enum refusal refusal_of(enum vm_outcome outcome)
{
	if (outcome == VM_BUS)
		return REFUSED_LOST;
	return outcome == VM_SEGV_ACCERR ? REFUSED_FORBIDDEN : REFUSED_UNMAPPED;
}

/* The fault is not resolved: a user copy fails with this errno, and a program has a signal to take. */
static enum fault_next end_fault(struct user_fault *fault, int error)
{
	if (!(fault->access & TRAP_COPY))
		return FAULT_TO_USER;
	fault->copy_error = error;
	return FAULT_COPY_FAILS;
}

/* A fault from user mode goes to the program's handler, or ends the process. A user copy fails. */
static enum fault_next refuse_access(struct user_fault *fault, enum vm_outcome outcome)
{
	enum refusal why = refusal_of(outcome);

	if (!(fault->access & TRAP_COPY) && !os_layer.refused(why, fault->addr)) {
		report_fault(arch_thread_frame(arch_this_thread()), fault->addr,
			     fault->access & VM_PROT_ALL, outcome, fault->wait.kind, why);
		os_layer.refused_end(why);
	}
	return end_fault(fault, -EFAULT);
}

/* No page can be had, and no process is left to kill for one. */
static void kill_for_memory(vaddr_t addr)
{
	struct process *process = current_process();

	log_warn(
		"mm",
		"out of memory: killed %s[%d]: no frame for its page at %#lx, and no other process to kill",
		current_thread()->name, process->pid, (unsigned long)ALIGN_DOWN(addr, PAGE_SIZE));
	os_layer.kill(process);
}

/*
 * A program's own access can be repeated after a signal, so any signal ends the wait. A system call
 * goes on, so only a kill does.
 */
static int wait_for_page(const struct user_fault *fault)
{
	return thread_wait_memory(&fault->wait, fault->addr, !(fault->access & TRAP_COPY));
}

/* Waits, or relieves a shortage of memory. */
static enum fault_next wait_or_relieve(struct user_fault *fault, enum vm_outcome outcome)
{
	int err;

	if (outcome == VM_WAIT)
		err = wait_for_page(fault);
	else
		err = relieve(&fault->relief);
	if (!err)
		return FAULT_RETRY;
	if (err == -ENOMEM && !(fault->access & TRAP_COPY))
		kill_for_memory(fault->addr);
	return end_fault(fault, err);
}

/* Waits, makes room or refuses, as every outcome except VM_OK and VM_RECORDED asks for. */
static enum fault_next wait_or_refuse(struct user_fault *fault, enum vm_outcome outcome)
{
	if (outcome == VM_DYING)
		os_layer.kill(current_process()); /* the OOM reaper has taken its memory */
	if (current_killed())
		return end_fault(fault, -EINTR);
	if (outcome == VM_WAIT || outcome == VM_OOM)
		return wait_or_relieve(fault, outcome);
	return refuse_access(fault, outcome);
}

/* The slow path, when the first try did not succeed. Not inline: bench row bss_read_fault. */
__attribute__((noinline, cold)) static int retry_fault(struct user_fault *fault,
						       enum vm_outcome outcome)
{
	struct thread *thread = current_thread();
	enum fault_next next = FAULT_RETRY;
	int result;

	fault->waited = false;
	fault->relief = (struct relief){ 0 };
	while (outcome != VM_OK && outcome != VM_RECORDED) {
		next = wait_or_refuse(fault, outcome);
		if (next != FAULT_RETRY)
			break;
		fault->waited |= outcome == VM_WAIT && fault->wait.why != WAITS_FOR_JOURNAL;
		outcome = vm_fault(current_space(), fault->addr, fault->access, &fault->wait);
	}
	if (next == FAULT_RETRY) /* and that has resolved it */
		*(fault->waited ? &thread->major_faults : &thread->minor_faults) += 1;
	result = next == FAULT_COPY_FAILS ? fault->copy_error : 0;
	trace_end_with(fault, next == FAULT_TO_USER ? os_layer.refused_result() : result);
	return result;
}

/* Ends a fault that is recorded, and was resolved at once. Turns interrupts off, as trace_end_with() does. */
static __attribute__((noinline)) int end_recorded(struct user_fault *fault)
{
	struct trace_fault *record = fault->record;

	current_thread()->minor_faults++;
	if (unlikely(record->thread != current_thread()) || unlikely(!fault->wait.record)) {
		/* Other threads have run for long, and the trace record is gone; or pages ahead were filled. */
		fault->waited = false;
		trace_end_with(fault, 0);
		return 0;
	}
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
	enum vm_outcome outcome;

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
	if (unlikely(outcome != VM_OK))
		return outcome == VM_RECORDED ? end_recorded(&fault) : retry_fault(&fault, outcome);
	current_thread()->minor_faults++;
	arch_irq_disable(); /* until user mode or the copy resumes, a few instructions later */
	trace_end(&fault);
	return 0;
}
