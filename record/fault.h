/* SPDX-License-Identifier: MIT */
/* What a fault does, for the journal. Only those of recorded spaces come here. */
#pragma once

#include "arch/timer.h"
#include "mm/fault/fault.h"
#include "record/journal.h"
#include "record/trace.h"

/*
 * The records of a round are written at its end, under the space's lock, so that they have the order of the
 * changes. The record of the fault's end follows that of its last round. It is left in vm_wait.record for who has called
 * vm_fault() to complete.
 */

/* mm_record.round(): writes what a round has changed or refused. */
enum vm_outcome record_round(struct fault *fault, enum vm_outcome outcome);

/*
 * fault_note() for a fault that was resolved at once, and for which vm_fault() has returned
 * VM_RECORDED.
 */
static inline void fault_note_resolved(const struct trace_fault *record, const struct vm_wait *wait,
				       vaddr_t addr, unsigned access)
{
	struct journal_record *line = wait->record;
	uint64_t now = arch_instructions();

	line->what = (uint16_t)(access | wait->kind << 8);
	line->more = (uint32_t)now - record->cost - line->more;
	line->time = arch_time();
	line->arg[0] = record->pc; /* of a user copy, the kernel's */
	line->arg[1] = addr;
	line->arg[2] = record->time;
	line->arg[3] = now << 16;
	journal_publish(line, wait->record_number);
}

/*
 * Call if journal_is_on(), at the end of each other fault of the running thread, and before the trace record is
 * completed. record: NULL, if other threads have run for so long that it is gone. result: 0; that of a
 * user copy, a negative errno; otherwise any other number if the fault was refused. May wait for room; the
 * caller holds no spinning lock and has interrupts on.
 */
void fault_note(const struct space *space, const struct trace_fault *record,
		const struct vm_wait *wait, vaddr_t addr, unsigned access, int result, bool waited);
