/* SPDX-License-Identifier: MIT */
/* Writes faults that are over to the journal. */
#include "trap/fault_note.h"

#include "arch/context.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "lib/bits.h"
#include "mm/fault_record.h"
#include "proc/journal_note.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "proc/uspace.h"

#define NOTE_WAITED 0x8000u /* it has waited */

int fault_signal(void)
{
	const struct thread *thread = current_thread();

	return signals_fatal(&thread->process->signals) ?: thread->signals.fault.sig;
}

void fault_note(const struct trace_fault *record, const struct vm_wait *wait, vaddr_t addr,
		unsigned access, int result, bool waited)
{
	uint32_t now = (uint32_t)arch_instructions();
	uint64_t work = fault_record_work(wait);
	unsigned kind = wait->kind < FAULT_KINDS ? wait->kind : JOURNAL_NO_KIND;
	struct journal_record line = {
		.type = JOURNAL_FAULT,
		.what = (uint16_t)(access | kind << 8 | (waited ? NOTE_WAITED : 0)),
		.space = current_space()->number,
	};

	if (result && !(access & TRAP_COPY))
		result = fault_signal();
	line.arg[0] = frame_pc(arch_thread_frame(arch_this_thread()));
	if (record) {
		line.more = now - record->cost;
		line.more -= MIN(line.more, work);
		line.arg[0] = record->pc; /* of a user copy, the kernel's */
		line.arg[2] = record->time;
	}
	line.arg[1] = addr;
	line.arg[3] = arch_instructions() << 16 | (uint16_t)result;
	journal_note(&line);
}
