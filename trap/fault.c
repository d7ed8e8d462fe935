/* Page faults of the running process: asked of mm until served, waited for, or refused. */
#include "mm/fault.h"

#include "abi/errno.h"
#include "abi/signal.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "base/trace.h"
#include "lib/bits.h"
#include "proc/oom.h"
#include "proc/process.h"
#include "proc/wait.h"
#include "trap/loop.h"
#include "trap/report.h"

#define RIGHTS_ALL (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC)

/* How vm_fault() is told of it. */
static unsigned vm_access(unsigned access)
{
	return (access & RIGHTS_ALL) | (access & TRAP_COPY ? ACCESS_COPY : ACCESS_USER);
}

/* The record is made in place, before the fault is served: a panic inside mm shows it. */
static void trace_begin(struct hart *hart, int pid, vaddr_t pc, vaddr_t addr, unsigned access)
{
	struct trace_ring *ring = &hart->faults;
	struct trace_fault *record = &ring->records[ring->count++ % TRACE_RECORDS];

	record->time = arch_time();
	record->pc = pc;
	record->addr = addr;
	record->pid = pid;
	record->result = 0;
	record->access = (uint8_t)access;
}

static void trace_result(int result)
{
	struct trace_ring *ring = &hart_this()->faults;

	ring->records[(ring->count - 1) % TRACE_RECORDS].result = (int16_t)result;
}

/* From user mode the process ends; a copy fails. */
static int refuse(const struct trap_frame *frame, vaddr_t addr, unsigned access, int outcome)
{
	int sig = outcome == VM_BUS ? SIGBUS : SIGSEGV;

	if (access & TRAP_COPY)
		return -EFAULT;
	report_fault(frame, addr, access & RIGHTS_ALL, outcome, sig);
	signal_force(current_process(), sig);
	return 0;
}

/* No frame to be had even so: nobody is left who could give one. */
static int starve(unsigned access)
{
	if (!(access & TRAP_COPY))
		signal_force(current_process(), SIGKILL);
	return -ENOMEM;
}

/*
 * Anything but success. 0: ask again; positive: run the program again, which may be about to end;
 * negative errno: the copy ends.
 */
static int handle(const struct trap_frame *frame, vaddr_t addr, unsigned access, int outcome,
		  struct vm_wait *wait)
{
	int err;

	if (outcome == VM_DYING)
		signal_force(current_process(), SIGKILL); /* stripped: no use to anybody */
	if (signal_pending_fatal())
		err = -EINTR;
	else if (outcome == VM_WAIT)
		err = thread_wait(wait->queue, wait->seq);
	else if (outcome == VM_OOM)
		err = oom_relieve();
	else
		err = refuse(frame, addr, access, outcome) ?: 1;
	if (err == -ENOMEM)
		err = starve(access);
	return err < 0 && !(access & TRAP_COPY) ? 1 : err;
}

/* The first try was not enough. (Kept out of the fast path, whose registers it would take.) */
__attribute__((noinline, cold)) static int again(struct trap_frame *frame, vaddr_t addr,
						 unsigned access, int outcome, struct vm_wait *wait)
{
	struct space *space = current_space();

	trace_result(outcome);
	while (outcome != 0) {
		int end = handle(frame, addr, access, outcome, wait);

		if (end)
			return end > 0 ? 0 : end;
		outcome = vm_fault(space, addr, vm_access(access), frame_pc(frame), wait);
	}
	return 0;
}

int trap_fault(struct trap_frame *frame, vaddr_t addr, unsigned access)
{
	struct hart *hart = hart_this();
	struct process *process = current_process();
	vaddr_t pc = frame_pc(frame);
	struct vm_wait wait;
	int outcome;

	hart->counters[HART_FAULTS]++;
	if (unlikely(!process || !process->uspace))
		return -EFAULT;
	loop_check(pc, addr, access);
	trace_begin(hart, process->pid, pc, addr, access);
	outcome = vm_fault(&process->uspace->space, addr, vm_access(access), pc, &wait);
	if (likely(outcome == 0))
		return 0;
	return again(frame, addr, access, outcome, &wait);
}
